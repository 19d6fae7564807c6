// A folder of files served by the whole program.
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <chrono>
#include <csignal>
#include <filesystem>
#include <string>

#include "tests/support/server_process.h"

namespace prefork::test {
namespace {

namespace fs = std::filesystem;

class StaticSite : public testing::Test {
 protected:
  StaticSite() {
    fs::create_directories(site_);
    folder_.write("site/index.html", "<h1>root</h1>");
    folder_.write("site/a.txt", "0123456789");
  }

  ServerProcess& serve(std::vector<std::string> options = {}) {
    options.insert(options.begin(), {site_, "--workers", "1"});
    server_ = std::make_unique<ServerProcess>(options);
    return *server_;
  }

  Reply get(std::string_view path) { return test::get(server_->url(), path); }

  // A file that was replaced is served within a second; this waits longer.
  bool becomes(std::string_view path, std::string_view content) {
    return wait_until([&] { return get(path).body == content; });
  }

  TemporaryFolder folder_;
  const std::string site_ = folder_ / "site";
  std::unique_ptr<ServerProcess> server_;
};

std::string random_bytes(std::size_t size) {
  std::string bytes(size, '\0');
  std::uint32_t state = 17;
  for (char& byte : bytes) {
    state = state * 1'664'525 + 1'013'904'223;
    byte = static_cast<char>(state >> 24);
  }
  return bytes;
}

TEST_F(StaticSite, IsServedFromTheCommandLine) {
  serve();
  const Reply reply = get("/a.txt");
  EXPECT_EQ(reply.status, 200) << reply;
  EXPECT_EQ(reply.body, "0123456789");
  EXPECT_EQ(reply.header("Server"), "prefork-server");
  EXPECT_EQ(get("/").body, "<h1>root</h1>");
  EXPECT_EQ(get("/nope").status, 404);
  EXPECT_EQ(get("/plaintext").status, 404) << "the demo application is not there";
}

TEST_F(StaticSite, IsServedFromTheEnvironment) {
  Launch launch = launch_of({"--workers", "1"});
  launch.environment["PREFORK_APP"] = site_;
  launch.environment["PREFORK_CACHE_CONTROL"] = "*.txt=max-age=5\n*=no-cache";
  server_ = std::make_unique<ServerProcess>(launch);
  EXPECT_EQ(get("/a.txt").header("Cache-Control"), "max-age=5");
  EXPECT_EQ(get("/").header("Cache-Control"), "no-cache");
}

TEST_F(StaticSite, FilesOfAllSizesArriveUndamagedOverOneConnection) {
  serve();
  Client client(server_->url());
  for (const std::size_t size : {std::size_t{0}, std::size_t{1}, std::size_t{32 * 1024},
                                 std::size_t{32 * 1024 + 1}, std::size_t{5'000'000}}) {
    const std::string content = random_bytes(size);
    const std::string name = "file" + std::to_string(size);
    folder_.write("site/" + name, content);
    for (int i = 0; i < 2; ++i) {
      const Reply reply = client.get("/" + name);
      ASSERT_EQ(reply.status, 200) << reply.head << reply.problem;
      EXPECT_TRUE(reply.body == content) << size << ": " << reply.body.size() << " bytes came";
    }
  }
  client.send("HEAD /file5000000 HTTP/1.1\r\nHost: a\r\n\r\n");
  EXPECT_EQ(client.receive_without_body().header("Content-Length"), "5000000");
  EXPECT_EQ(client.get("/a.txt").body, "0123456789") << "HEAD had no content";
}

TEST_F(StaticSite, PartsOfALargeFileArriveUndamaged) {
  const std::string content = random_bytes(3'000'000);
  folder_.write("site/large", content);
  serve();
  Client client(server_->url());
  client.send("GET /large HTTP/1.1\r\nHost: a\r\nRange: bytes=1000000-1999999\r\n\r\n");
  const Reply one = client.receive();
  EXPECT_EQ(one.status, 206) << one.head;
  EXPECT_EQ(one.header("Content-Range"), "bytes 1000000-1999999/3000000");
  EXPECT_TRUE(one.body == content.substr(1'000'000, 1'000'000));
  client.send("GET /large HTTP/1.1\r\nHost: a\r\nRange: bytes=0-999999,2000000-\r\n\r\n");
  const Reply two = client.receive();
  EXPECT_EQ(two.status, 206) << two.head;
  EXPECT_NE(two.body.find(content.substr(0, 1'000'000)), std::string::npos);
  EXPECT_NE(two.body.find(content.substr(2'000'000)), std::string::npos);
}

TEST_F(StaticSite, ChangesAreNoticed) {
  serve();
  EXPECT_EQ(get("/a.txt").body, "0123456789");
  fs::rename(folder_.write("site/new", "renamed over"), site_ + "/a.txt");
  EXPECT_TRUE(becomes("/a.txt", "renamed over"));
  folder_.write("site/a.txt", "in place");
  EXPECT_TRUE(becomes("/a.txt", "in place"));
  fs::remove(site_ + "/a.txt");
  EXPECT_TRUE(wait_until([&] { return get("/a.txt").status == 404; }));
  folder_.write("site/a.txt", "back");
  EXPECT_EQ(get("/a.txt").body, "back") << "at once";
}

TEST_F(StaticSite, AFolderThatVanishesIs404UntilItIsBack) {
  serve();
  EXPECT_EQ(get("/a.txt").status, 200);
  fs::remove_all(site_);
  EXPECT_TRUE(wait_until([&] { return get("/a.txt").status == 404; }));
  EXPECT_EQ(get("/").status, 404);
  fs::create_directories(site_);
  folder_.write("site/a.txt", "again");
  EXPECT_TRUE(becomes("/a.txt", "again"));
  EXPECT_EQ(server_->stop(), exit_code(0));
}

TEST_F(StaticSite, AReloadWithoutTheFolderLeavesTheOldWorkers) {
  serve();
  const pid_t worker = server_->worker_pid(0);
  fs::rename(site_, folder_ / "elsewhere");
  server_->send_signal(SIGHUP);
  EXPECT_TRUE(server_->has_logged({"does not exist"}));
  EXPECT_EQ(get("/a.txt").body, "0123456789") << "the folder is open";
  EXPECT_EQ(server_->worker_pid(0), worker);
}

TEST_F(StaticSite, AnAtomicallyTurnedLinkIsFollowed) {
  folder_.write("site/version", "one");
  fs::create_directories(folder_ / "site2");
  folder_.write("site2/version", "two");
  const std::string link = folder_ / "current";
  fs::create_directory_symlink("site", link);
  server_ = std::make_unique<ServerProcess>(std::vector<std::string>{link, "--workers", "1"});
  EXPECT_EQ(get("/version").body, "one");
  fs::create_directory_symlink("site2", folder_ / "next");
  fs::rename(folder_ / "next", link);
  EXPECT_TRUE(becomes("/version", "two"));
}

TEST_F(StaticSite, AFileThatShrinksWhileItIsSentEndsItsConnectionAndNothingElse) {
  const std::string path = folder_.write("site/large", std::string(30'000'000, 'x'));
  serve();
  Client client(server_->url(), kPatience, 4096);
  client.send(get_request("/large"));
  ASSERT_TRUE(client.is_readable_within(kPatience));
  fs::resize_file(path, 10);
  const std::string received = client.receive_to_the_end();
  EXPECT_LT(received.size(), 30'000'000u);
  EXPECT_EQ(get("/a.txt").status, 200);
}

TEST_F(StaticSite, MethodsOtherThanGetAndHeadAre405) {
  serve();
  Client client(server_->url());
  for (const std::string method : {"POST", "PUT", "DELETE", "PATCH", "TRACE", "FOO"}) {
    client.send(method + " /a.txt HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n");
    const Reply reply = client.receive();
    if (method == "FOO" && reply.status == 501) {
      client = Client(server_->url());
      continue;
    }
    EXPECT_EQ(reply.status, 405) << method << reply;
    EXPECT_EQ(reply.header("Allow"), "OPTIONS, GET, HEAD") << method;
    if (reply.says_close()) client = Client(server_->url());
  }
  client.send("OPTIONS /a.txt HTTP/1.1\r\nHost: a\r\n\r\n");
  const Reply reply = client.receive_without_body();
  EXPECT_EQ(reply.status, 204) << reply;
  EXPECT_EQ(reply.header("Allow"), "OPTIONS, GET, HEAD");
}

TEST_F(StaticSite, ASinglePageApplicationAnswersEveryPage) {
  serve({"--spa"});
  EXPECT_EQ(get("/users/17").body, "<h1>root</h1>");
  EXPECT_EQ(get("/missing.js").status, 404);
}

TEST_F(StaticSite, AListingIsMadeOnRequest) {
  fs::create_directories(site_ + "/docs");
  folder_.write("site/docs/read me.txt", "x");
  serve();
  EXPECT_EQ(get("/docs/").status, 404);
  serve({"--listing"});
  EXPECT_NE(get("/docs/").body.find("<a href=\"read%20me.txt\">read me.txt</a>"),
            std::string::npos);
  EXPECT_EQ(get("/docs").header("Location"), "/docs/");
}

TEST_F(StaticSite, WhatItsUserMayNotReadIs403) {
  if (::geteuid() != 0) GTEST_SKIP() << "only the superuser can start it as somebody else";
  ::chmod(folder_.write("site/locked.txt", "x").c_str(), 0);
  Launch launch = launch_of({site_, "--workers", "1"});
  launch.user = 65534;
  server_ = std::make_unique<ServerProcess>(launch);
  EXPECT_EQ(get("/locked.txt").status, 403);
  EXPECT_EQ(get("/a.txt").status, 200);
}

TEST_F(StaticSite, AFolderThatItsUserMayNotEnterIsToldAtTheStart) {
  if (::geteuid() != 0) GTEST_SKIP() << "only the superuser can start it as somebody else";
  ::chmod(site_.c_str(), 0700);
  Launch launch = launch_of({site_});
  launch.user = 65534;
  const FinishedRun run = run_to_the_end(launch);
  EXPECT_EQ(run.exit, exit_code(2));
  EXPECT_EQ(run.err, "prefork-server: command line: folder '" + site_ +
                         "' cannot be searched by user 65534; change its permissions\n");
}

}  // namespace
}  // namespace prefork::test
