#include "server/exchange/access_log.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cstdint>
#include <ctime>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "server/http/request_id.h"
#include "server/http/request_trace.h"

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

  void open(std::string_view format = "combined") {
    auto parsed = config::parse_log_format(format);
    ASSERT_TRUE(parsed.ok()) << parsed.problem().text;
    format_ = std::move(parsed).value();
    ASSERT_TRUE(log_.open(path_, format_, kWriter).ok());
  }

  // Each in a time of its own, so that none is gathered.
  void write(int status, std::uint64_t bytes = 0, std::uint64_t duration_us = 0) {
    record_.request = &request_;
    record_.client = &request_.peer;
    record_.status = status;
    record_.bytes_sent = bytes;
    record_.duration_us = duration_us;
    log_.write(record_, now_ns_ += kLongNs);
  }
  static void write_malformed(AccessLog& log, const ipc::PeerAddress& client, int status) {
    AccessRecord record;
    record.client = &client;
    record.status = status;
    log.write(record, 0);
  }
  void write_malformed(const ipc::PeerAddress& client, int status) {
    write_malformed(log_, client, status);
  }

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

  static constexpr AccessFormatter::Writer kWriter{2, 7};
  static constexpr std::uint64_t kLongNs = 1'000'000'000;

  std::string folder_;
  std::string path_;
  config::LogFormat format_ = config::combined_log_format();
  AccessLog log_;
  http::Request request_;
  AccessRecord record_;
  std::uint64_t now_ns_ = 0;
};

TEST_F(AccessLogTest, IsOffWithoutAPath) {
  EXPECT_TRUE(log_.open("", format_, kWriter).ok());
  EXPECT_FALSE(log_.is_on());
  EXPECT_TRUE(log_.reopen().ok());
  EXPECT_FALSE(log_.is_on());
}

TEST_F(AccessLogTest, NamesTheTraceAndTheIdOfATrustedProxy) {
  open("$request_id $request_id_text $trace_id $span_id");
  const std::vector<http::Field> fields = {{"X-Request-Id", "a1-b2"}};
  request_.fields = fields;
  request_.id = 7;
  write(200);
  http::RequestTrace trace;
  trace.begin({0x0af7651916cd43dd, 0x8448eb211c80319c, 0xb7ad6b7169203331, true}, {}, {});
  request_.trace = &trace;
  request_.is_from_proxy = true;
  write(200);
  write_malformed(request_.peer, 400);
  EXPECT_EQ(lines(),
            "7 7 - -\n"
            "7 a1-b2 0af7651916cd43dd8448eb211c80319c b7ad6b7169203331\n"
            "0 - - -\n");
}

TEST_F(AccessLogTest, NamesThemInJsonWhereThereAreAny) {
  open("json");
  const std::vector<http::Field> fields = {{"X-Request-Id", "a1-b2"}};
  request_.fields = fields;
  write(200);
  EXPECT_EQ(lines().find("trace_id"), std::string::npos);
  EXPECT_EQ(lines().find("x-request-id"), std::string::npos);
  http::RequestTrace trace;
  trace.begin({0x0af7651916cd43dd, 0x8448eb211c80319c, 0xb7ad6b7169203331, true}, {}, {});
  request_.trace = &trace;
  request_.is_from_proxy = true;
  write(200);
  EXPECT_NE(lines().find(R"("http.request.header.x-request-id":["a1-b2"],)"
                         R"("trace_id":"0af7651916cd43dd8448eb211c80319c",)"
                         R"("span_id":"b7ad6b7169203331")"),
            std::string::npos)
      << lines();
}

TEST_F(AccessLogTest, WritesALineInTheCombinedFormat) {
  open();
  const std::vector<http::Field> fields = {{"User-Agent", "curl/8"}, {"REFERER", "http://r/"}};
  request_.fields = fields;
  write(200, 13, 184);
  EXPECT_EQ(lines(),
            "127.0.0.1 - - TIME \"GET /a?b HTTP/1.1\" 200 13 \"http://r/\" \"curl/8\" 184us "
            "w2\n");
}

TEST_F(AccessLogTest, WritesADashForWhatTheClientDidNotSay) {
  open();
  request_.version_minor = 0;
  write(404);
  EXPECT_EQ(lines(), "127.0.0.1 - - TIME \"GET /a?b HTTP/1.0\" 404 0 \"-\" \"-\" 0us w2\n");
}

TEST_F(AccessLogTest, NamesPeersOfEveryFamily) {
  open();
  write_malformed(ipc::PeerAddress{}, 400);
  ipc::PeerAddress local;
  local.family = ipc::PeerAddress::Family::local;
  write_malformed(local, 400);
  ipc::PeerAddress ipv6;
  ipv6.family = ipc::PeerAddress::Family::ipv6;
  ipv6.bytes[15] = 1;
  ipv6.port = 7;
  write_malformed(ipv6, 408);
  EXPECT_EQ(lines(),
            "unknown - - TIME \"-\" 400 0 \"-\" \"-\" 0us w2\n"
            "unix - - TIME \"-\" 400 0 \"-\" \"-\" 0us w2\n"
            "::1 - - TIME \"-\" 408 0 \"-\" \"-\" 0us w2\n");
}

TEST_F(AccessLogTest, AClientCannotForgeALineOrEndAQuotedPart) {
  open();
  request_.target = "/\"x\\";
  const std::vector<http::Field> fields = {
      {"User-Agent", "a\"b\\c\n127.0.0.1\r\0\x1b\x7f\xC3\xA9 z"sv}};
  request_.fields = fields;
  write(200, 1, 2);
  EXPECT_EQ(lines(),
            "127.0.0.1 - - TIME \"GET /\\x22x\\x5c HTTP/1.1\" 200 1 \"-\" "
            "\"a\\x22b\\x5cc\\x0a127.0.0.1\\x0d\\x00\\x1b\\x7f\\xc3\\xa9 z\" 2us w2\n");
}

TEST_F(AccessLogTest, CutsLongPieces) {
  open();
  const std::string long_target = "/" + std::string(5000, 'x');
  request_.target = long_target;
  write(200, 1, 2);
  EXPECT_EQ(lines(), "127.0.0.1 - - TIME \"GET /" + std::string(1023, 'x') +
                         " HTTP/1.1\" 200 1 \"-\" \"-\" 2us w2\n");
}

TEST_F(AccessLogTest, AppendsToWhatTheFileHolds) {
  std::ofstream(path_) << "before\n";
  open();
  write_malformed(ipc::PeerAddress{}, 400);
  EXPECT_TRUE(content(path_).starts_with("before\nunknown - - ["));
}

TEST_F(AccessLogTest, TwoWritersOfOneFileKeepTheirLinesApart) {
  open();
  AccessLog other;
  ASSERT_TRUE(other.open(path_, format_, {3, 7}).ok());
  for (int i = 0; i < 3; ++i) {
    write_malformed(ipc::PeerAddress{}, 400);
    write_malformed(other, ipc::PeerAddress{}, 408);
  }
  const std::string ours = "unknown - - TIME \"-\" 400 0 \"-\" \"-\" 0us w2\n";
  const std::string theirs = "unknown - - TIME \"-\" 408 0 \"-\" \"-\" 0us w3\n";
  EXPECT_EQ(lines(), ours + theirs + ours + theirs + ours + theirs);
}

TEST_F(AccessLogTest, ReopenGoesOnInANewFileAfterTheOldOneWasMoved) {
  open();
  write_malformed(ipc::PeerAddress{}, 400);
  std::filesystem::rename(path_, path_ + ".1");
  write_malformed(ipc::PeerAddress{}, 401);
  ASSERT_TRUE(log_.reopen().ok());
  write_malformed(ipc::PeerAddress{}, 402);
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
  write_malformed(ipc::PeerAddress{}, 400);
  EXPECT_NE(content(path_ + ".1").find("\"-\" 400 "), std::string::npos);
}

TEST_F(AccessLogTest, SaysWhyAFileCannotBeOpened) {
  const auto opened = log_.open(folder_ + "/missing/access.log", format_, kWriter);
  ASSERT_FALSE(opened.ok());
  EXPECT_NE(opened.problem().text.find("/missing/access.log: No such file or directory"),
            std::string::npos)
      << opened.problem().text;
  EXPECT_FALSE(log_.is_on());
}

TEST_F(AccessLogTest, APipeWithoutAReaderIsAnErrorAndNotAWait) {
  ASSERT_EQ(::mkfifo(path_.c_str(), 0600), 0);
  EXPECT_FALSE(log_.open(path_, format_, kWriter).ok());
}

TEST_F(AccessLogTest, MarksWhatWasCutAndSaysWhy) {
  open();
  record_.cut = Cut::client;
  write(AccessRecord::kNoAnswer);
  record_.cut = Cut::timeout;
  write(200, 5);
  record_.cut = Cut::failed;
  write(200, 6);
  record_.cut = Cut::stopped;
  write(200, 7);
  const std::string line = "127.0.0.1 - - TIME \"GET /a?b HTTP/1.1\" ";
  EXPECT_EQ(lines(), line + "499 0 \"-\" \"-\" 0us w2 cut=client\n" + line +
                         "200 5 \"-\" \"-\" 0us w2 cut=timeout\n" + line +
                         "200 6 \"-\" \"-\" 0us w2 cut=failed\n" + line +
                         "200 7 \"-\" \"-\" 0us w2 cut=stopped\n");
}

TEST_F(AccessLogTest, WritesATemplatesVariables) {
  open(
      "$$ $remote_addr:$remote_port $request_method $request_uri $uri $args $scheme $host "
      "$server_protocol $status $body_bytes_sent $body_bytes_received $request_id $request_time "
      "${queue_time_us}us $handler_time_us $worker $generation <$http_x_trace_id> $http_none$cut "
      "$receive_delay_ms");
  const std::vector<http::Field> fields = {{"X-Trace-Id", "a\nb"}};
  request_.fields = fields;
  request_.path = "/a";
  request_.query = "b";
  request_.host = "shop.test";
  request_.id = 42;
  record_.bytes_received = 11;
  record_.queue_us = 300;
  record_.handler_us = 1500;
  record_.receive_delay_ms = 17;
  write(201, 13, 1'042'999);
  EXPECT_EQ(lines(),
            "$ 127.0.0.1:50122 GET /a?b /a b http shop.test HTTP/1.1 201 13 11 42 1.042 300us 1500 "
            "2 7 <a\\x0ab> - 17\n");
  EXPECT_TRUE(log_.tells_handler_time());
  EXPECT_TRUE(log_.tells_receive_delay());
}

TEST_F(AccessLogTest, WritesJsonWithTheNamesOfOpenTelemetry) {
  open("json");
  const std::vector<http::Field> fields = {{"User-Agent", "a \"b\"\x01\xFF\xC3\xA9"},
                                           {"Referer", "http://r/"}};
  request_.fields = fields;
  request_.host = "shop.test:8080";
  request_.id = 42;
  request_.scheme = http::Scheme::https;
  record_.bytes_received = 11;
  record_.queue_us = 300;
  record_.handler_us = 1500;
  record_.cut = Cut::client;
  write(200, 13, 1'042'999);
  std::string text = content(path_);
  ASSERT_TRUE(text.starts_with("{\"timestamp\":\"20")) << text;
  EXPECT_EQ(text.substr(text.find(",\"client")),
            ",\"client.address\":\"127.0.0.1\",\"client.port\":50122"
            ",\"http.request.method\":\"GET\",\"url.scheme\":\"https\",\"url.path\":\"/a\""
            ",\"url.query\":\"b\",\"server.address\":\"shop.test\",\"server.port\":8080"
            ",\"network.protocol.version\":\"1.1\""
            ",\"user_agent.original\":\"a \\\"b\\\"\\u0001\\ufffd\xC3\xA9\""
            ",\"http.request.header.referer\":[\"http://r/\"],\"prefork.request.id\":42"
            ",\"http.response.status_code\":200,\"http.request.body.size\":11"
            ",\"http.response.body.size\":13,\"http.server.request.duration\":1.042999"
            ",\"prefork.queue.duration\":0.000300,\"prefork.handler.duration\":0.001500"
            ",\"prefork.worker\":2,\"prefork.generation\":7,\"prefork.cut\":\"client\"}\n");
}

TEST_F(AccessLogTest, NoLineIsLongerThanAPipeTakesAtOnce) {
  const std::string long_text(5000, '"');
  const std::string long_target = long_text + "?" + long_text;
  const std::string long_host = long_text + ":65535";
  const std::string longest_id(http::kMaxRequestIdBytes, '"');
  const std::vector<http::Field> fields = {
      {"User-Agent", long_text}, {"Referer", long_text}, {"X-Request-Id", longest_id}};
  http::RequestTrace trace;
  trace.begin({0x0af7651916cd43dd, 0x8448eb211c80319c, 0xb7ad6b7169203331, true}, {}, {});
  request_.trace = &trace;
  request_.is_from_proxy = true;
  record_.cut = Cut::timeout;
  for (const char* format : {"combined", "json", "$request_uri $request_uri $uri $args $host"}) {
    open(format);
    request_.fields = fields;
    request_.path = request_.query = long_text;
    request_.target = long_target;
    request_.host = long_host;
    write(200);
    write(200);
  }
  std::ifstream lines(path_);
  int count = 0;
  for (std::string line; std::getline(lines, line); ++count) {
    EXPECT_LT(line.size(), ipc::LineSink::kMaxLineBytes);
    EXPECT_TRUE(line[0] != '{' || line.ends_with("}")) << line;
  }
  EXPECT_EQ(count, 6);
}

TEST_F(AccessLogTest, ManyLinesAreGatheredForSomeMilliseconds) {
  open();
  const auto count = [this] {
    const std::string text = content(path_);
    return std::count(text.begin(), text.end(), '\n');
  };
  record_.request = &request_;
  record_.client = &request_.peer;
  for (int i = 0; i < 30; ++i) {
    log_.write(record_, 1'000'000);
  }
  EXPECT_EQ(count(), 10) << "those of a quiet time come at once";
  log_.on_turn_end(2'000'000);
  EXPECT_EQ(count(), 10);
  log_.on_turn_end(12'000'000);
  EXPECT_EQ(count(), 30);
  log_.write(record_, 13'000'000);
  log_.flush();
  EXPECT_EQ(count(), 31);
}

TEST_F(AccessLogTest, WhatASinkDoesNotTakeIsLostAndCountedAndToldOnceThereIsRoom) {
  ASSERT_EQ(::mkfifo(path_.c_str(), 0600), 0);
  ipc::OwnedFd reader(::open(path_.c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC));
  ASSERT_TRUE(reader.valid());
  open();
  for (int i = 0; i < 3000; ++i) {
    write(200);
  }
  const std::uint64_t lost = log_.take_lost();
  EXPECT_GT(lost, 0U);
  EXPECT_EQ(log_.take_lost(), 0U);
  EXPECT_EQ(log_.take_news(), "") << "there is no room yet";
  std::string read(1'000'000, '\0');
  std::size_t size = 0;
  for (ssize_t got = 1; got > 0; size += got > 0 ? static_cast<std::size_t>(got) : 0) {
    log_.flush();
    got = ::read(reader.get(), &read[size], read.size() - size);
  }
  EXPECT_EQ(log_.take_news(), std::to_string(lost) +
                                  " lines of the access log were lost: "
                                  "Resource temporarily unavailable");
  EXPECT_EQ(log_.take_news(), "");
  const auto lines = static_cast<std::uint64_t>(
      std::count(read.begin(), read.begin() + static_cast<std::ptrdiff_t>(size), '\n'));
  EXPECT_EQ(lines + lost, 3000U) << "each is there or counted";
}

}  // namespace
}  // namespace prefork::exchange
