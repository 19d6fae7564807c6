#include "server/exchange/access_log.h"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <ctime>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>
#include <string_view>
#include <vector>

namespace prefork::exchange {
namespace {

using namespace std::string_view_literals;

class AccessLogTest : public testing::Test {
 protected:
  AccessLogTest() {
    std::string name = testing::TempDir() + "access-log-XXXXXX";
    folder_ = ::mkdtemp(name.data());
    path_ = folder_ + "/access.log";
    request_.method_text = "GET";
    request_.target = "/a?b";
    request_.peer.family = ipc::PeerAddress::Family::ipv4;
    request_.peer.bytes = {127, 0, 0, 1};
    request_.peer.port = 50122;
  }
  ~AccessLogTest() override { std::filesystem::remove_all(folder_); }

  void open() { ASSERT_TRUE(log_.open(path_, "w2").ok()); }

  static std::string content(const std::string& path) {
    std::ostringstream text;
    text << std::ifstream(path).rdbuf();
    return text.str();
  }

  // The file's text with each time replaced by "TIME".
  [[nodiscard]] std::string lines() const {
    std::string text = content(path_);
    constexpr std::string_view kShape = "[21/Nov/2026:06:08:00 +0000]";
    for (std::size_t at = text.find('['); at != std::string::npos; at = text.find('[', at + 1)) {
      tm parsed{};
      const char* const end = ::strptime(&text[at], "[%d/%b/%Y:%H:%M:%S +0000]", &parsed);
      if (end == &text[at] + kShape.size()) {
        text.replace(at, kShape.size(), "TIME");
      }
    }
    return text;
  }

  std::string folder_;
  std::string path_;
  AccessLog log_;
  http::Request request_;
};

TEST_F(AccessLogTest, IsOffWithoutAPath) {
  EXPECT_TRUE(log_.open("", "w0").ok());
  EXPECT_FALSE(log_.is_on());
  EXPECT_TRUE(log_.reopen().ok());
  EXPECT_FALSE(log_.is_on());
}

TEST_F(AccessLogTest, WritesALineInTheCombinedFormat) {
  open();
  const std::vector<http::Field> fields = {{"User-Agent", "curl/8"}, {"REFERER", "http://r/"}};
  request_.fields = fields;
  log_.write(request_, 200, 13, 184);
  EXPECT_EQ(lines(),
            "127.0.0.1:50122 - - TIME \"GET /a?b HTTP/1.1\" 200 13 \"http://r/\" \"curl/8\" 184us "
            "w2\n");
}

TEST_F(AccessLogTest, WritesADashForWhatTheClientDidNotSay) {
  open();
  request_.version_minor = 0;
  log_.write(request_, 404, 0, 0);
  EXPECT_EQ(lines(), "127.0.0.1:50122 - - TIME \"GET /a?b HTTP/1.0\" 404 0 \"-\" \"-\" 0us w2\n");
}

TEST_F(AccessLogTest, NamesPeersOfEveryFamily) {
  open();
  log_.write_malformed(ipc::PeerAddress{}, 400);
  ipc::PeerAddress local;
  local.family = ipc::PeerAddress::Family::local;
  log_.write_malformed(local, 400);
  ipc::PeerAddress ipv6;
  ipv6.family = ipc::PeerAddress::Family::ipv6;
  ipv6.bytes[15] = 1;
  ipv6.port = 7;
  log_.write_malformed(ipv6, 408);
  EXPECT_EQ(lines(),
            "unknown - - TIME \"-\" 400 0 \"-\" \"-\" 0us w2\n"
            "unix - - TIME \"-\" 400 0 \"-\" \"-\" 0us w2\n"
            "[::1]:7 - - TIME \"-\" 408 0 \"-\" \"-\" 0us w2\n");
}

TEST_F(AccessLogTest, AClientCannotForgeALineOrEndAQuotedPart) {
  open();
  request_.target = "/\"x\\";
  const std::vector<http::Field> fields = {
      {"User-Agent", "a\"b\\c\n127.0.0.1\r\0\x1b\x7f\xC3\xA9 z"sv}};
  request_.fields = fields;
  log_.write(request_, 200, 1, 2);
  EXPECT_EQ(lines(),
            "127.0.0.1:50122 - - TIME \"GET /\\x22x\\x5c HTTP/1.1\" 200 1 \"-\" "
            "\"a\\x22b\\x5cc\\x0a127.0.0.1\\x0d\\x00\\x1b\\x7f\\xc3\\xa9 z\" 2us w2\n");
}

TEST_F(AccessLogTest, CutsLongPieces) {
  open();
  const std::string long_target = "/" + std::string(5000, 'x');
  request_.target = long_target;
  log_.write(request_, 200, 1, 2);
  EXPECT_EQ(lines(), "127.0.0.1:50122 - - TIME \"GET /" + std::string(1023, 'x') +
                         " HTTP/1.1\" 200 1 \"-\" \"-\" 2us w2\n");
}

TEST_F(AccessLogTest, AppendsToWhatTheFileHolds) {
  std::ofstream(path_) << "before\n";
  open();
  log_.write_malformed(ipc::PeerAddress{}, 400);
  EXPECT_TRUE(content(path_).starts_with("before\nunknown - - ["));
}

TEST_F(AccessLogTest, TwoWritersOfOneFileKeepTheirLinesApart) {
  open();
  AccessLog other;
  ASSERT_TRUE(other.open(path_, "w3").ok());
  for (int i = 0; i < 3; ++i) {
    log_.write_malformed(ipc::PeerAddress{}, 400);
    other.write_malformed(ipc::PeerAddress{}, 408);
  }
  const std::string ours = "unknown - - TIME \"-\" 400 0 \"-\" \"-\" 0us w2\n";
  const std::string theirs = "unknown - - TIME \"-\" 408 0 \"-\" \"-\" 0us w3\n";
  EXPECT_EQ(lines(), ours + theirs + ours + theirs + ours + theirs);
}

TEST_F(AccessLogTest, ReopenGoesOnInANewFileAfterTheOldOneWasMoved) {
  open();
  log_.write_malformed(ipc::PeerAddress{}, 400);
  std::filesystem::rename(path_, path_ + ".1");
  log_.write_malformed(ipc::PeerAddress{}, 401);
  ASSERT_TRUE(log_.reopen().ok());
  log_.write_malformed(ipc::PeerAddress{}, 402);
  EXPECT_EQ(lines(), "unknown - - TIME \"-\" 402 0 \"-\" \"-\" 0us w2\n");
  const std::string moved = content(path_ + ".1");
  EXPECT_NE(moved.find("\"-\" 400 "), std::string::npos);
  EXPECT_NE(moved.find("\"-\" 401 "), std::string::npos);
}

TEST_F(AccessLogTest, KeepsTheOldFileWhenTheNewOneCannotBeOpened) {
  open();
  std::filesystem::rename(path_, path_ + ".1");
  std::filesystem::create_directory(path_);
  const auto reopened = log_.reopen();
  ASSERT_FALSE(reopened.ok());
  EXPECT_NE(reopened.problem().text.find(path_), std::string::npos) << reopened.problem().text;
  EXPECT_TRUE(log_.is_on());
  log_.write_malformed(ipc::PeerAddress{}, 400);
  EXPECT_NE(content(path_ + ".1").find("\"-\" 400 "), std::string::npos);
}

TEST_F(AccessLogTest, SaysWhyAFileCannotBeOpened) {
  const auto opened = log_.open(folder_ + "/missing/access.log", "w0");
  ASSERT_FALSE(opened.ok());
  EXPECT_NE(opened.problem().text.find("/missing/access.log: No such file or directory"),
            std::string::npos)
      << opened.problem().text;
  EXPECT_FALSE(log_.is_on());
}

TEST_F(AccessLogTest, APipeWithoutAReaderIsAnErrorAndNotAWait) {
  ASSERT_EQ(::mkfifo(path_.c_str(), 0600), 0);
  EXPECT_FALSE(log_.open(path_, "w0").ok());
}

}  // namespace
}  // namespace prefork::exchange
