// Thousands of targets that try to leave the folder that is served. Beside it lies a secret, and
// links inside lead out. Whatever the answer is, nothing from outside may be in it.
#include <gtest/gtest.h>

#include <filesystem>
#include <set>
#include <string>
#include <vector>

#include "tests/support/server_process.h"

namespace prefork::test {
namespace {

namespace fs = std::filesystem;

// Ways to write "..", decoded or not, once or twice, right or wrong.
const std::vector<std::string> kDots = {"..",
                                        "%2e%2e",
                                        "%2E%2e",
                                        ".%2e",
                                        "%2e.",
                                        "%252e%252e",
                                        "%25252e%25252e",
                                        "%25%32%65%25%32%65",
                                        "%c0%ae%c0%ae",
                                        "%c0%2e%c0%2e",
                                        "%e0%80%ae%e0%80%ae",
                                        "%f0%80%80%ae%f0%80%80%ae",
                                        "%uff0e%uff0e",
                                        "%ef%bc%8e%ef%bc%8e",
                                        "\xc0\xae\xc0\xae",
                                        "..;",
                                        "..%3b",
                                        "..;x=y",
                                        "..%00",
                                        "%00..",
                                        "..%20",
                                        "..%09",
                                        "..%0d%0a",
                                        "...",
                                        "....",
                                        "..%2e",
                                        ".%00."};

// And "/".
const std::vector<std::string> kSlashes = {
    "/",  "%2f", "%2F",       "%252f",  "%25252f",   "\\",   "%5c",   "%5C",    "%255c", "%c0%af",
    "//", "/./", "%e0%80%af", "%c1%9c", "%ef%bc%8f", "/%2f", "/%5c/", "%u2215", "%c0%2f"};

const std::vector<std::string> kTails = {"etc/passwd", "secret.txt"};

std::set<std::string> climbing_targets() {
  constexpr int kDepth = 8;
  std::set<std::string> targets;
  for (const std::string& dots : kDots) {
    for (const std::string& slash : kSlashes) {
      std::string climb;
      for (int depth = 1; depth <= kDepth; ++depth) {
        climb += dots + slash;
        for (const std::string& tail : kTails) {
          targets.insert("/" + climb + tail);
          if (depth <= 2) targets.insert("/sub" + slash + dots + slash + climb + tail);
        }
      }
    }
  }
  return targets;
}

// Absolute paths, other hosts, links that lead out, names with something behind them.
std::set<std::string> other_targets(const std::string& folder) {
  std::set<std::string> targets;
  const std::vector<std::string> outside = {"/etc/passwd", folder + "/secret.txt",
                                            "/proc/self/environ", "/proc/self/root/etc/passwd"};
  for (const std::string& path : outside) {
    for (const char* before : {"",
                               "/",
                               "//",
                               "///",
                               "/.",
                               "/./",
                               "/;",
                               "/sub",
                               "/sub/",
                               "/%2f",
                               "/%5c",
                               "\\",
                               "/\\",
                               "file://",
                               "/file://",
                               "http://a/",
                               "http://a/",
                               "http://a//",
                               "http://a/../..",
                               "//a/..",
                               "//a/%2e%2e/%2e%2e"}) {
      for (const char* behind : {"", "/", "%00", "%00.html", "?", "?x=/../", ";", ";x", "%20", "/.",
                                 "/..", "#", "%23", "\\"}) {
        targets.insert(before + path + behind);
      }
    }
  }
  for (const char* link : {"/up", "/outside", "/absolute", "/root", "/self", "/sub/up2"}) {
    for (const char* behind : {"", "/", "/secret.txt", "/etc/passwd", "/../secret.txt",
                               "/%2e%2e/secret.txt", "//secret.txt", "/site/secret.txt",
                               "/..%2fsecret.txt", ".gz", "/environ", "/root/etc/passwd"}) {
      targets.insert(std::string(link) + behind);
    }
  }
  return targets;
}

class Traversal : public testing::Test {
 protected:
  Traversal() {
    const std::string site = folder_ / "site";
    fs::create_directories(site + "/sub");
    folder_.write("secret.txt", "the secret beside the folder");
    folder_.write("site/index.html", "inside");
    folder_.write("site/sub/index.html", "inside");
    fs::create_symlink("..", site + "/up");
    fs::create_symlink("../..", site + "/sub/up2");
    fs::create_symlink("../secret.txt", site + "/outside");
    fs::create_symlink(folder_ / "secret.txt", site + "/absolute");
    fs::create_symlink("/", site + "/root");
    fs::create_symlink("/proc/self", site + "/self");
    server_ = std::make_unique<ServerProcess>(
        std::vector<std::string>{site, "--workers", "1", "--listing", "--limit-body", "0"});
    client_ = std::make_unique<Client>(server_->url());
  }

  // Sends the target as it is. Nothing to be read is an answer too.
  Reply ask(const std::string& target) {
    client_->send("GET " + target + " HTTP/1.1\r\nHost: a\r\n\r\n");
    Reply reply = client_->receive();
    if (reply.says_close() || reply.status == 0) {
      client_ = std::make_unique<Client>(server_->url());
    }
    return reply;
  }

  void expect_nothing_from_outside(const std::set<std::string>& targets) {
    std::size_t served = 0;
    for (const std::string& target : targets) {
      const Reply reply = ask(target);
      served += reply.status == 200 ? 1 : 0;
      const bool is_inside = reply.body == "inside";
      ASSERT_TRUE(reply.status != 200 || is_inside) << target << "\n" << reply;
      ASSERT_TRUE(reply.status == 200 || reply.status == 301 || reply.status == 400 ||
                  reply.status == 404)
          << target << "\n"
          << reply;
      ASSERT_EQ(reply.body.find("the secret"), std::string::npos) << target;
      ASSERT_EQ(reply.body.find("root:"), std::string::npos) << target;
      const std::string location = reply.header("Location").value_or("/");
      ASSERT_TRUE(location.starts_with('/') && !location.starts_with("//") &&
                  !location.starts_with("/\\"))
          << target << " leads to " << location;
    }
    EXPECT_LT(served, targets.size() / 10) << "the list is not about going astray";
  }

  TemporaryFolder folder_;
  std::unique_ptr<ServerProcess> server_;
  std::unique_ptr<Client> client_;
};

TEST_F(Traversal, NoWayOfWritingDotsAndSlashesLeadsOut) {
  const std::set<std::string> targets = climbing_targets();
  ASSERT_GE(targets.size(), 1700u);
  expect_nothing_from_outside(targets);
  EXPECT_EQ(ask("/").body, "inside");
}

TEST_F(Traversal, NoAbsolutePathAndNoLinkLeadsOut) {
  const std::set<std::string> targets = other_targets(folder_.path());
  ASSERT_GE(targets.size(), 500u);
  expect_nothing_from_outside(targets);
  EXPECT_EQ(ask("/sub/").body, "inside");
}

}  // namespace
}  // namespace prefork::test
