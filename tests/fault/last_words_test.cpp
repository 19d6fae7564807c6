// What is known of a worker that has died: one line of JSON in the log, and in /stats.
#include <gtest/gtest.h>

#include <csignal>
#include <string>
#include <vector>

#include "tests/support/processes.h"
#include "tests/support/server_process.h"
#include "tests/support/tested_build.h"

namespace prefork::test {
namespace {

std::vector<std::string> crash_application(std::string workers = "1") {
  return {test_app("crash"), "--workers", std::move(workers)};
}

// Of the last process that died, once it is known.
Json last_words_of(const ServerProcess& server, std::size_t deaths = 1) {
  Json words;
  EXPECT_TRUE(server.wait_for_statistics([&](const Json& report) {
    const Json& all = report["last_words"];
    words = all.empty() ? Json() : all.front();
    return all.size() == deaths;
  }));
  return words;
}

// The first frame of a function whose name has this in it.
Json frame_of(const Json& words, std::string_view function) {
  for (const Json& frame : words["crash"]["stack"]) {
    if (frame.contains("function") &&
        frame["function"].get<std::string>().find(function) != std::string::npos) {
      return frame;
    }
  }
  return {};
}

TEST(LastWords, NameTheFunctionTheFileAndTheLineOfACrash) {
  const ServerProcess server(crash_application());
  Client client(server.url());
  EXPECT_EQ(client.get("/overflow").status, 0);
  const Json words = last_words_of(server);
  EXPECT_EQ(words["process"], "worker");
  EXPECT_EQ(words["reason"], "signal SIGSEGV");
  EXPECT_EQ(words["crash"]["signal"], "SIGSEGV");
  EXPECT_EQ(words["crash"]["thread_name"].get<std::string>().substr(0, 5), "pool-");
  ASSERT_EQ(words["in_flight"].size(), 1U);
  EXPECT_EQ(words["in_flight"][0]["path"], "/overflow");
  EXPECT_EQ(words["in_flight"][0]["phase"], "handling");
  EXPECT_GT(words["peak_resident_bytes"], 0);
  const Json frame = frame_of(words, "sink(");
  ASSERT_FALSE(frame.is_null()) << words.dump(2);
  EXPECT_NE(frame["place"].get<std::string>().find("crash.cpp:"), std::string::npos);
  EXPECT_TRUE(server.has_logged({"last words of worker 0 (pid ", "crash.cpp:", "sink("}));
}

TEST(LastWords, NameTheCodeOfAnApplicationThatWasReplacedMeanwhile) {
  const TemporaryFolder folder;
  const std::string application = folder.path() + "/libcrash.so";
  std::filesystem::copy_file(test_app("crash"), application);
  const ServerProcess server({application, "--workers", "1"});
  std::filesystem::remove(application);
  Client client(server.url());
  EXPECT_EQ(client.get("/null-on-the-loop").status, 0);
  // Optimised code may be told as a line of a header that was inlined there.
  EXPECT_TRUE(server.has_logged({"last words of worker 0", "prefork_define_app", R"("place":")"}));
}

TEST(LastWords, TellWhatAKilledWorkerHadFinished) {
  const ServerProcess server(crash_application());
  Client client(server.url());
  for (int i = 0; i < 3; ++i) {
    EXPECT_EQ(client.get("/").status, 200);
  }
  const pid_t pid = server.worker_pid(0);
  ::kill(pid, SIGKILL);
  const Json words = last_words_of(server);
  EXPECT_EQ(words["pid"], pid);
  EXPECT_EQ(words["reason"], "signal SIGKILL");
  EXPECT_FALSE(words.contains("crash"));
  EXPECT_TRUE(words["in_flight"].empty());
  ASSERT_EQ(words["finished"].size(), 3U);
  EXPECT_EQ(words["finished"][0]["id"], 3);
  EXPECT_EQ(words["finished"][0]["path"], "/");
  EXPECT_EQ(words["finished"][0]["status"], 200);
}

TEST(LastWords, AreThereForEachOfManyDeaths) {
  const ServerProcess server(crash_application("2"));
  for (std::size_t deaths = 1; deaths <= 4; ++deaths) {
    ASSERT_TRUE(server.wait_for_workers(2));
    ::kill(server.worker_pid(deaths % 2 == 0 ? 0 : 1), SIGKILL);
    last_words_of(server, deaths);
  }
  EXPECT_EQ(server.times_logged("last words of worker"), 4U);
}

// Nobody asked why.
TEST(LastWords, AreNotSaidWhereTheEndWasAskedFor) {
  ServerProcess server(crash_application());
  const auto exit = server.stop();
  ASSERT_TRUE(exit);
  EXPECT_EQ(server.times_logged("last words of"), 0U);
}

}  // namespace
}  // namespace prefork::test
