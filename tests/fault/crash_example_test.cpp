// The example that crashes on purpose, in every way it knows.
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "tests/support/server_process.h"
#include "tests/support/tested_build.h"

namespace prefork::test {
namespace {

struct Way {
  const char* path;
  const char* end;
  const char* thread;
};

class CrashExample : public testing::TestWithParam<Way> {};

TEST_P(CrashExample, CostsOneWorkerAndIsNamed) {
  if (is_sanitized() && std::string_view(GetParam().path) == "/exit") {
    GTEST_SKIP() << "a sanitizer looks for leaks first, and exits with its own code";
  }
  const ServerProcess server({test_app("crash"), "--workers", "2"});
  Client other(server.url());
  Client client(server.url());
  for (Client* const each : {&other, &client}) {
    ASSERT_EQ(each->get("/").body, "alive\n");  // after it the connection goes where it belongs
    ASSERT_EQ(each->get("/").body, "alive\n");
  }

  const std::string path = GetParam().path;
  EXPECT_EQ(client.get(path).status, 0);
  EXPECT_TRUE(server.has_logged({"worker ", "ended: ", GetParam().end, " requests served"}));
  EXPECT_TRUE(server.has_logged(
      {"was working on GET " + path + " from " + client.own_address(), GetParam().thread}));
  EXPECT_EQ(other.get("/").body, "alive\n") << "the other worker noticed nothing";
  EXPECT_TRUE(server.wait_for_statistics([](const Json& report) {
    const Json& workers = report["workers"];
    return workers.size() == 2 && workers[0]["state"] == "ready" &&
           workers[1]["state"] == "ready" &&
           workers[0]["restarts"].get<int>() + workers[1]["restarts"].get<int>() == 1;
  }));
  EXPECT_EQ(get(server.url(), "/").body, "alive\n");
}

std::vector<Way> ways() {
  return {
      {"/null", "signal 11 (SIGSEGV)", "on pool thread"},
      {"/null-on-the-loop", "signal 11 (SIGSEGV)", "on its event loop"},
      {"/abort", "signal 6 (SIGABRT)", "on pool thread"},
      {"/overflow", "signal 11 (SIGSEGV)", "on pool thread"},
      {"/thread", "signal 6 (SIGABRT)", "on pool thread"},
      {"/exit", "exit code 7", "on pool thread"},
  };
}

INSTANTIATE_TEST_SUITE_P(Ways, CrashExample, testing::ValuesIn(ways()), [](const auto& way) {
  std::string name = way.param.path + 1;
  std::erase(name, '-');
  return name;
});

}  // namespace
}  // namespace prefork::test
