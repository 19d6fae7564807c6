// Applications that come as shared objects: what authors see of the interface, what is said of
// wrong ones, and how one is exchanged for another.
#include <gtest/gtest.h>

#include <csignal>
#include <filesystem>
#include <fstream>
#include <string>

#include "tests/support/server_process.h"
#include "tests/support/tested_build.h"

namespace prefork::test {
namespace {

class Features : public testing::TestWithParam<const char*> {
 protected:
  ServerProcess server_{{test_app(GetParam()), "--workers", "2"}};
  Client client_{server_.url()};

  Reply send(const std::string& bytes) {
    client_.send(bytes);
    return client_.receive();
  }
};

TEST_P(Features, ARequestCanBeReadInEveryPart) {
  const Reply reply = send(
      "POST /all?q=a%20b HTTP/1.1\r\nHost: test\r\nUser-Agent: me\r\nCookie: a=0; c=1\r\n"
      "Content-Length: 7\r\n\r\nf=x+%79");
  EXPECT_EQ(reply.status, 200) << reply;
  EXPECT_EQ(reply.body, "POST /all q=a b agent=me cookie=1 form=x y bytes=7");
}

TEST_P(Features, PatternsHaveParametersAndAWildcard) {
  EXPECT_EQ(client_.get("/items/7/a/b%20c").body, "7|a/b c");
  EXPECT_EQ(client_.get("/items/7").status, 404);
}

TEST_P(Features, HandlersRunOnTheLoopAndOnThePool) {
  EXPECT_EQ(client_.get("/loop").body, "loop");
  EXPECT_EQ(client_.get("/redirect").header("Location"), "/loop");
}

TEST_P(Features, MethodsFollowFromTheRoutes) {
  const Reply wrong = send("DELETE /loop HTTP/1.1\r\nHost: test\r\n\r\n");
  EXPECT_EQ(wrong.status, 405) << wrong;
  EXPECT_EQ(wrong.header("Allow"), "OPTIONS, GET, HEAD");
  client_.send("HEAD /loop HTTP/1.1\r\nHost: test\r\n\r\n");
  EXPECT_EQ(client_.receive_without_body().header("Content-Length"), "4");
}

TEST_P(Features, FunctionsBeforeAndAfterAndForErrorsAreCalled) {
  EXPECT_EQ(client_.get("/loop").header("X-After"), "yes");
  const Reply blocked = send("GET /loop HTTP/1.1\r\nHost: test\r\nX-Block: 1\r\n\r\n");
  EXPECT_EQ(blocked.status, 403);
  EXPECT_EQ(blocked.header("X-After"), "yes");
  EXPECT_EQ(client_.get("/throws").status, 418);
  const Reply nothing = client_.get("/nowhere");
  EXPECT_EQ(nothing.status, 404);
  EXPECT_EQ(nothing.body, "nothing at /nowhere");
}

TEST_P(Features, TheyStandAroundEveryAnswerOfTheApplication) {
  const auto ask = [this](const std::string& request_line, const std::string& fields = "") {
    return send(request_line + " HTTP/1.1\r\nHost: test\r\n" + fields + "\r\n");
  };
  // A handler on the pool, on the loop, deferred, one that throws, nobody at all.
  for (const char* path : {"/items/1/a", "/loop", "/later", "/dropped", "/fails", "/nowhere"}) {
    EXPECT_EQ(ask(std::string("GET ") + path).header("X-After"), "yes") << path;
    const Reply blocked = ask(std::string("GET ") + path, "X-Block: 1\r\n");
    EXPECT_EQ(blocked.status, 403) << path;
    EXPECT_EQ(blocked.header("X-After"), "yes") << path;
  }
  const Reply wrong = ask("DELETE /loop");
  EXPECT_EQ(wrong.status, 405);
  EXPECT_EQ(wrong.header("X-After"), "yes");
  EXPECT_EQ(wrong.header("Allow"), "OPTIONS, GET, HEAD");
  const Reply options = ask("OPTIONS /loop");
  EXPECT_EQ(options.status, 204);
  EXPECT_EQ(options.header("X-After"), "yes");
  EXPECT_EQ(ask("OPTIONS /loop", "X-Block: 1\r\n").status, 403);
  EXPECT_EQ(ask("GET /fails").body, "500 Internal Server Error\n");
  EXPECT_GE(server_.statistics()["totals"]["errors"]["unsupported"], 1);
}

TEST_P(Features, TheyStandAroundMountedFolders) {
  const TemporaryFolder assets;
  assets.write("a.txt", "of a folder\n");
  Launch launch = launch_of({test_app(GetParam()), "--workers", "1"});
  launch.environment["TEST_APP_ASSETS"] = assets.path();
  const ServerProcess server(std::move(launch));
  Client client(server.url());
  const Reply reply = client.get("/assets/a.txt");
  EXPECT_EQ(reply.body, "of a folder\n") << reply;
  EXPECT_EQ(reply.header("X-After"), "yes");
  const std::string etag = reply.header("ETag").value_or("");
  EXPECT_EQ(reply.header("Content-Type"), "text/plain; charset=utf-8");
  client.send("GET /assets/a.txt HTTP/1.1\r\nHost: test\r\nIf-None-Match: " + etag + "\r\n\r\n");
  const Reply unchanged = client.receive();
  EXPECT_EQ(unchanged.status, 304);
  EXPECT_EQ(unchanged.header("X-After"), "yes");
  client.send("GET /assets/a.txt HTTP/1.1\r\nHost: test\r\nRange: bytes=3-5\r\n\r\n");
  const Reply part = client.receive();
  EXPECT_EQ(part.body, "a f") << part;
  EXPECT_EQ(part.header("X-After"), "yes");
  for (const char* path : {"/assets/a.txt", "/assets/missing"}) {
    client.send("GET " + std::string(path) + " HTTP/1.1\r\nHost: test\r\nX-Block: 1\r\n\r\n");
    const Reply blocked = client.receive();
    EXPECT_EQ(blocked.status, 403) << path;
    EXPECT_EQ(blocked.body, "blocked") << path;
    EXPECT_EQ(blocked.header("X-After"), "yes") << path;
  }
  client.send("POST /assets/a.txt HTTP/1.1\r\nHost: test\r\nContent-Length: 0\r\n\r\n");
  const Reply wrong = client.receive();
  EXPECT_EQ(wrong.status, 405) << wrong;
  EXPECT_EQ(wrong.header("X-After"), "yes");
}

TEST_P(Features, ADeferredRequestLivesAsLongAsItIsHeld) {
  for (int i = 0; i < 20; ++i) {
    const std::string name = "a-name-of-more-than-a-few-bytes-" + std::to_string(i);
    EXPECT_EQ(send("GET /held/" + name + " HTTP/1.1\r\nHost: test\r\nUser-Agent: me\r\n\r\n").body,
              "sent");
    EXPECT_TRUE(server_.has_logged({"held " + name + " of me"}));
  }
}

TEST_P(Features, WritingMoreThanThereIsRoomForNeverHoldsUpTheLoop) {
  Client client(server_.url());
  client.send("GET /flood HTTP/1.0\r\nHost: test\r\n\r\n");
  const std::string all = client.receive_to_the_end();
  EXPECT_GE(all.size(), 200'000U);
  EXPECT_LT(all.size(), 1'000'000U);
  EXPECT_TRUE(server_.has_logged({"write() on the event loop found no room"}));
}

TEST_P(Features, AHandlerThatThrowsIsA500AndALineInTheLog) {
  EXPECT_EQ(client_.get("/fails").status, 500);
  EXPECT_TRUE(server_.has_logged({"GET /fails answered with 500: no disk"}));
}

TEST_P(Features, AFieldThatWouldBreakTheFramingIsA500) {
  const Reply reply = client_.get("/bad-field");
  EXPECT_EQ(reply.status, 500) << reply;
  EXPECT_FALSE(reply.header("Injected"));
}

TEST_P(Features, AFileIsSentAsAFolderShowsItAndOneThatIsNotThereIsA404) {
  server_.folder().write("content.js", "of a file\n");
  const std::string path = "/file?path=" + server_.folder().path() + "/content.js";
  const Reply reply = client_.get(path);
  EXPECT_EQ(reply.body, "of a file\n") << reply;
  EXPECT_EQ(reply.header("Content-Type"), "text/javascript; charset=utf-8");
  ASSERT_TRUE(reply.header("ETag")) << reply;
  const auto ask = [&](const std::string& fields) {
    client_.send("GET " + path + " HTTP/1.1\r\nHost: test\r\n" + fields + "\r\n");
    return client_.receive();
  };
  EXPECT_EQ(ask("Range: bytes=3-3\r\n").body, "a");
  EXPECT_EQ(ask("If-None-Match: " + *reply.header("ETag") + "\r\n").status, 304);
  EXPECT_EQ(client_.get("/file?path=/nowhere").status, 404);
}

TEST_P(Features, AnswersInPiecesArriveWhole) {
  const std::string close = " HTTP/1.0\r\nHost: test\r\n\r\n";
  const auto size_of = [&](const std::string& path) {
    Client client(server_.url());
    client.send("GET " + path + close);
    const std::string all = client.receive_to_the_end();
    return all.size() - all.find("\r\n\r\n") - 4;
  };
  EXPECT_EQ(size_of("/stream"), 1'000'000U);
  EXPECT_EQ(size_of("/pieces"), 1'000'000U);
}

TEST_P(Features, EventsHaveTheirForm) {
  Client client(server_.url());
  client.send("GET /events HTTP/1.0\r\nHost: test\r\n\r\n");
  const std::string all = client.receive_to_the_end();
  EXPECT_NE(all.find("Content-Type: text/event-stream\r\n"), std::string::npos) << all;
  EXPECT_TRUE(all.ends_with("data: one\n\nevent: kind\ndata: two\ndata: lines\n\n")) << all;
}

TEST_P(Features, AnUploadIsReadWhileItArrives) {
  constexpr std::size_t kSize = 8 * 1024 * 1024;  // eight times what --limit-body lets through
  client_.send("POST /upload HTTP/1.1\r\nHost: test\r\nContent-Length: " + std::to_string(kSize) +
               "\r\n\r\n");
  client_.send(std::string(kSize, 'u'));
  EXPECT_EQ(client_.receive().body, std::to_string(kSize));
}

TEST_P(Features, DeferredAnswersComeFromOtherThreads) {
  EXPECT_EQ(client_.get("/later").body, "later");
  EXPECT_EQ(client_.get("/dropped").status, 500);
  EXPECT_TRUE(server_.has_logged({"a deferred answer was dropped"}));
}

TEST_P(Features, ASecondAnswerIsIgnoredAndSaid) {
  EXPECT_EQ(client_.get("/twice").body, "first");
  EXPECT_TRUE(server_.has_logged({"was answered twice; the second answer was ignored"}));
  EXPECT_EQ(client_.get("/loop").body, "loop");
}

TEST_P(Features, ACrashCostsOneWorkerAndIsNamed) {
  EXPECT_EQ(client_.get("/crash").status, 0);
  EXPECT_TRUE(server_.has_logged({"was working on GET /crash"}));
  EXPECT_TRUE(server_.wait_for_workers(2));
  EXPECT_EQ(get(server_.url(), "/loop").body, "loop");
}

TEST_P(Features, TheWorkersLifeIsTold) {
  EXPECT_TRUE(server_.has_logged({"started worker 0 of 2"}));
  EXPECT_TRUE(server_.has_logged({"started worker 1 of 2"}));
  EXPECT_EQ(server_.stop(), exit_code(0));
  EXPECT_EQ(server_.times_logged("draining"), 2U);
  EXPECT_EQ(server_.times_logged(": stopped\n"), 3U) << server_.log();  // two workers, the master
}

#ifdef PREFORK_TEST_LIBCXX_APP
// Built by clang with libc++: between it and the server there is nothing but C.
INSTANTIATE_TEST_SUITE_P(AnotherCompilerAndLibrary, Features, testing::Values("features_libcxx"));
#endif
INSTANTIATE_TEST_SUITE_P(TheServersCompiler, Features, testing::Values("features"));

TEST(Application, ADeferredAnswerThatNeverComesIsA504) {
  ServerProcess server({test_app("features"), "--workers", "1", "--timeout-deferred", "100ms"});
  EXPECT_EQ(get(server.url(), "/never").status, 504);
  EXPECT_EQ(get(server.url(), "/loop").body, "loop");
}

// --- wrong applications --------------------------------------------------------------------------

struct Wrong {
  const char* name;
  const char* said;
};

class WrongApplication : public testing::TestWithParam<Wrong> {};

TEST_P(WrongApplication, EndsTheStartWithOneLineAndCode4) {
  const FinishedRun run = run_to_the_end(
      launch_of({test_app(GetParam().name), "--workers", "1", "--port", "0", "--admin", "off"}));
  EXPECT_EQ(run.exit, exit_code(4)) << run.err;
  EXPECT_NE(run.err.find(GetParam().said), std::string::npos) << run.err;
  EXPECT_TRUE(no_process_left(run.group));
}

INSTANTIATE_TEST_SUITE_P(
    Kinds, WrongApplication,
    testing::Values(Wrong{"broken_1", "was built for version 999 of the application interface"},
                    Wrong{"broken_2", "does not export prefork_abi_version"},
                    Wrong{"broken_3", "cannot be loaded: no licence file"},
                    Wrong{"broken_4", "route GET '/a/{y}': the same as route GET '/a/{x}'"},
                    Wrong{"broken_6", "mount of '/nowhere/at/all' at '/assets': No such file"},
                    Wrong{"broken_7", "number '7 dwarfs': a name has letters"},
                    Wrong{"broken_9", "cannot be loaded: route GET '/x': the function is none"},
                    Wrong{"broken_10", "cannot be loaded: I was told: mount of '.' at 'assets'"},
                    Wrong{"broken_5", "undefined symbol: prefork_test_symbol_that_nobody_has"}),
    [](const auto& wrong) { return std::string(wrong.param.name); });

TEST(Application, AFileThatIsNoSharedObjectIsSaidToBeNone) {
  const TemporaryFolder folder;
  folder.write("app.so",
               "nothing of the kind, but long enough to have had a header of its own....");
  const FinishedRun run = run_to_the_end(
      launch_of({folder.path() + "/app.so", "--workers", "1", "--port", "0", "--admin", "off"}));
  EXPECT_EQ(run.exit, exit_code(4)) << run.err;
  EXPECT_NE(run.err.find("not a shared object (build it with -fPIC -shared)"), std::string::npos)
      << run.err;
}

TEST(Application, ThatRefusesToStartAWorkerIsABootFailure) {
  Launch launch =
      launch_of({test_app("features"), "--workers", "1", "--port", "0", "--admin", "off"});
  launch.environment["TEST_APP_REFUSES"] = "1";
  const FinishedRun run = run_to_the_end(launch);
  EXPECT_EQ(run.exit, exit_code(3)) << run.err;
  EXPECT_NE(run.err.find("the test wants no worker"), std::string::npos) << run.err;
}

// --- reload --------------------------------------------------------------------------------------

class ExchangedApplication : public testing::Test {
 protected:
  // As deployments do it: a new file takes the place of the old one.
  void put(const std::string& from) {
    const std::string next = folder_.path() + "/next.so";
    std::filesystem::copy_file(from, next, std::filesystem::copy_options::overwrite_existing);
    std::filesystem::rename(next, path_);
  }

  TemporaryFolder folder_;
  std::string path_ = folder_.path() + "/app.so";
};

TEST_F(ExchangedApplication, AReloadServesTheNewFile) {
  put(test_app("hello"));
  ServerProcess server({path_, "--workers", "2"});
  ASSERT_EQ(get(server.url(), "/").body, "Hello, World!\n");
  EXPECT_EQ(get(server.url(), "/hello/you").body, R"({"hello":"you"})");
  put(test_app("features"));
  server.send_signal(SIGHUP);
  EXPECT_TRUE(server.wait_for_statistics([](const Json& statistics) {
    return statistics["server"]["generation"] == 2 && statistics["workers"].size() == 2;
  }));
  EXPECT_EQ(get(server.url(), "/loop").body, "loop");
}

TEST_F(ExchangedApplication, AReloadWithAWrongFileKeepsTheOldWorkers) {
  put(test_app("hello"));
  ServerProcess server({path_, "--workers", "2"});
  const auto before = server.worker_pids();
  put(test_app("broken_3"));
  server.send_signal(SIGHUP);
  EXPECT_TRUE(server.has_logged({"no licence file"}));
  EXPECT_EQ(get(server.url(), "/").body, "Hello, World!\n");
  EXPECT_EQ(server.worker_pids(), before);
}

// One generation is one build: the file may be exchanged, written over or gone meanwhile.
TEST_F(ExchangedApplication, AWorkerThatIsReplacedServesTheBuildOfItsGeneration) {
  put(test_app("hello"));
  ServerProcess server({path_, "--workers", "1"});
  const auto replace_worker = [&server] {
    const pid_t before = server.worker_pid(0);
    EXPECT_EQ(::kill(before, SIGKILL), 0);
    return server.wait_for_statistics([before](const Json& statistics) {
      const Json& worker = statistics["workers"][0];
      return worker["state"] == "ready" && worker["pid"] != before;
    });
  };
  put(test_app("features"));
  ASSERT_TRUE(replace_worker());
  EXPECT_EQ(get(server.url(), "/").body, "Hello, World!\n");
  std::filesystem::remove(path_);
  ASSERT_TRUE(replace_worker());
  EXPECT_EQ(get(server.url(), "/").body, "Hello, World!\n");
}

TEST_F(ExchangedApplication, AFileThatIsWrittenOverHarmsNobodyWhoHasLoadedIt) {
  std::filesystem::copy_file(test_app("hello"), path_);
  ServerProcess server({path_, "--workers", "1"});
  std::ofstream(path_, std::ios::trunc) << "no application any more";
  EXPECT_EQ(get(server.url(), "/").body, "Hello, World!\n");
  EXPECT_EQ(get(server.url(), "/hello/you").body, R"({"hello":"you"})");
  EXPECT_EQ(server.times_logged("ended"), 0U) << server.log();
}

// As releases are switched.
TEST_F(ExchangedApplication, AReloadServesWhatTheWorkingFoldersNameMeansNow) {
  const std::string link = folder_.path() + "/current";
  for (const std::string release : {"hello", "features"}) {
    const std::string folder = folder_.path() + "/" + release;
    std::filesystem::create_directory(folder);
    std::filesystem::copy_file(test_app(release), folder + "/app.so");
  }
  std::filesystem::create_directory_symlink("hello", link);
  Launch launch = launch_of({"./app.so", "--workers", "1"});
  launch.working_folder = link;
  launch.environment["PWD"] = link;
  ServerProcess server(launch);
  ASSERT_EQ(get(server.url(), "/").body, "Hello, World!\n");
  std::filesystem::remove(link);
  std::filesystem::create_directory_symlink("features", link);
  server.send_signal(SIGHUP);
  EXPECT_TRUE(server.wait_for_statistics([](const Json& statistics) {
    return statistics["server"]["generation"] == 2 && statistics["workers"].size() == 1;
  }));
  EXPECT_EQ(get(server.url(), "/loop").body, "loop");
}

}  // namespace
}  // namespace prefork::test
