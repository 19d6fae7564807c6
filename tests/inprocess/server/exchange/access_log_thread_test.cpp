// The access log with a thread that writes it: what its target is does not matter to whoever
// writes, and what does not fit is counted, and told where it is missing.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <pthread.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cstdint>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <sstream>
#include <string>
#include <thread>
#include <vector>

#include "ipc/base/monotonic.h"
#include "ipc/log/log_rings.h"
#include "server/exchange/access_log.h"

namespace prefork::exchange {
namespace {

constexpr std::uint64_t kLongNs = 1'000'000'000;

class ThreadedLog : public testing::Test {
 protected:
  ThreadedLog() {
    std::string name = testing::TempDir() + "access-log-XXXXXX";
    folder_ = ::mkdtemp(name.data());
    path_ = folder_ + "/access.log";
    EXPECT_EQ(::mkfifo(path_.c_str(), 0600), 0);
    pipe_.reset(::open(path_.c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC));
    request_.method_text = "GET";
    request_.target = long_target_;
    record_.request = &request_;
    record_.client = &request_.peer;
    record_.status = 200;
  }
  ~ThreadedLog() override { std::filesystem::remove_all(folder_); }

  void open(std::string_view format, std::string_view mark = {}) {
    ASSERT_TRUE(log_.open(path_, config::parse_log_format(format).value(), {2, 7}, mark).ok());
    ASSERT_TRUE(log_.begin_thread(rings_, {0, 0}).ok());
  }
  void write(std::uint64_t lines) {
    written_ += lines;
    for (; lines > 0; --lines) {
      log_.write(record_, now_ns_ += kLongNs);
    }
    log_.flush();
    lost_ += log_.take_lost();
  }
  void read() {
    std::string text(1 << 16, '\0');
    for (ssize_t got = 1; got > 0;) {
      got = ::read(pipe_.get(), text.data(), text.size());
      read_.append(text, 0, got > 0 ? static_cast<std::size_t>(got) : 0);
    }
  }
  template <typename Condition>
  bool read_until(Condition condition) {
    const std::uint64_t deadline_ns = ipc::monotonic_ns() + 20 * kLongNs;
    while (!condition() && ipc::monotonic_ns() < deadline_ns) {
      std::this_thread::yield();
      read();
      log_.flush();
    }
    return condition();
  }
  [[nodiscard]] std::uint64_t lines_read() const {
    return static_cast<std::uint64_t>(std::count(read_.begin(), read_.end(), '\n'));
  }

  const ipc::LogRings rings_{1};
  const std::string long_target_ = "/" + std::string(500, 'x');
  std::string folder_;
  std::string path_;
  ipc::OwnedFd pipe_;
  http::Request request_;
  AccessRecord record_;
  AccessLog log_;
  std::string read_;
  std::uint64_t written_ = 0;
  std::uint64_t lost_ = 0;
  std::uint64_t now_ns_ = 0;
};

TEST_F(ThreadedLog, GoesOnByItselfWhereThereCanBeNoThread) {
  ASSERT_TRUE(log_.open(path_, config::parse_log_format("$status").value(), {2, 7}).ok());
  pthread_attr_t before;
  ASSERT_EQ(::pthread_getattr_default_np(&before), 0);
  pthread_attr_t huge;
  ASSERT_EQ(::pthread_attr_init(&huge), 0);
  ASSERT_EQ(::pthread_attr_setstacksize(&huge, std::size_t{1} << 50), 0);
  ASSERT_EQ(::pthread_setattr_default_np(&huge), 0);
  const auto begun = log_.begin_thread(rings_, {0, 0});
  EXPECT_EQ(::pthread_setattr_default_np(&before), 0);
  ::pthread_attr_destroy(&huge);
  ::pthread_attr_destroy(&before);
  ASSERT_FALSE(begun.ok());
  EXPECT_NE(begun.problem().text, "");
  write(2);
  read();
  EXPECT_EQ(read_, "200\n200\n");
  EXPECT_TRUE(log_.reopen().ok());
  write(1);
  read();
  EXPECT_EQ(read_, "200\n200\n200\n");
  EXPECT_EQ(lost_, 0U);
}

TEST_F(ThreadedLog, WhatIsDroppedIsToldInAJsonLogWhereItIsMissing) {
  open("json");
  write(4000);
  ASSERT_GT(lost_, 0U);
  EXPECT_EQ(log_.take_news(), "") << "there is no room yet";
  ASSERT_TRUE(read_until([&] { return lines_read() == written_ - lost_ + 1; })) << lines_read();
  request_.target = "/last";
  write(1);
  ASSERT_TRUE(
      read_until([&] { return read_.ends_with("}\n") && read_.find("/last") < read_.size(); }));
  std::uint64_t dropped = 0;
  std::vector<std::string> order;
  std::istringstream lines(read_);
  for (std::string line; std::getline(lines, line);) {
    const nlohmann::json object = nlohmann::json::parse(line);
    if (object.contains("dropped")) {
      EXPECT_EQ(object.size(), 1U);
      dropped += object["dropped"].get<std::uint64_t>();
      order.emplace_back("dropped");
    } else if (object["url.path"] == "/last") {
      order.emplace_back("last");
    }
  }
  EXPECT_EQ(dropped, lost_);
  EXPECT_EQ(order, (std::vector<std::string>{"dropped", "last"}));
  EXPECT_EQ(log_.take_news(), std::to_string(lost_) +
                                  " lines of the access log were lost: "
                                  "Resource temporarily unavailable");
}

TEST_F(ThreadedLog, WhatIsDroppedIsNotToldInOtherForms) {
  open("$request_uri");
  write(5000);
  ASSERT_GT(lost_, 0U);
  ASSERT_TRUE(read_until([&] { return lines_read() == written_ - lost_; })) << lines_read();
  write(1);
  ASSERT_TRUE(read_until([&] { return lines_read() == written_ - lost_; })) << lines_read();
  EXPECT_NE(log_.take_news(), "");
  std::istringstream lines(read_);
  for (std::string line; std::getline(lines, line);) {
    ASSERT_EQ(line, long_target_);
  }
}

TEST_F(ThreadedLog, AtTheEndEachLineIsThereOrCounted) {
  open("json");
  write(200);
  log_.finish();
  lost_ += log_.take_lost();
  read();
  EXPECT_GT(lost_, 0U) << "nobody has read";
  EXPECT_EQ(lines_read() + lost_, 200U);
  EXPECT_NE(log_.take_news(), "");
}

TEST_F(ThreadedLog, WhatWasLostAtTheEndIsSaidAndNothingIsWrittenBehindIt) {
  open("json");
  write(4000);
  ASSERT_GT(lost_, 0U);
  log_.finish();
  log_.flush();
  lost_ += log_.take_lost();
  EXPECT_EQ(log_.take_news(), std::to_string(lost_) +
                                  " lines of the access log were lost: "
                                  "Resource temporarily unavailable");
  EXPECT_TRUE(rings_.open({0, 0})->empty());
  EXPECT_FALSE(log_.is_on());
}

TEST_F(ThreadedLog, IsOpenedAnewByTheThreadAndGoesOnWhereThatFails) {
  open("$request_uri");
  std::filesystem::remove_all(folder_);
  EXPECT_TRUE(log_.reopen().ok());
  std::string problem;
  EXPECT_TRUE(read_until([&] {
    problem += log_.take_open_problem();
    return !problem.empty();
  }));
  EXPECT_EQ(problem, "cannot open the access log " + path_ + ": No such file or directory");
  write(1);
  EXPECT_TRUE(read_until([&] { return lines_read() == 1; }));
}

TEST_F(ThreadedLog, BeginsItsLinesWithTheMark) {
  open("json", "<6>");
  write(4000);
  ASSERT_GT(lost_, 0U);
  ASSERT_TRUE(read_until([&] { return lines_read() == written_ - lost_ + 1; })) << lines_read();
  std::istringstream lines(read_);
  for (std::string line; std::getline(lines, line);) {
    EXPECT_TRUE(line.starts_with("<6>{\"")) << line;
  }
}

}  // namespace
}  // namespace prefork::exchange
