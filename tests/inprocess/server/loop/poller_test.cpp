// The readiness set beside Asio on one loop: who gets a turn, and when.
#include "server/loop/poller.h"

#include <gtest/gtest.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <asio/io_context.hpp>
#include <asio/steady_timer.hpp>
#include <chrono>
#include <cstdint>
#include <functional>
#include <vector>

#include "ipc/base/monotonic.h"

namespace prefork::loop {
namespace {

using namespace std::chrono_literals;

class Owner : public PollerOwner {
 public:
  std::uint64_t on_batch() override { return ipc::monotonic_ns(); }
  void on_ready(std::uint64_t key, Readiness readiness) override {
    keys.push_back(key);
    if (action) {
      action(key, readiness);
    }
  }
  bool on_batch_end() override {
    ++batch_ends;
    return work && work();
  }
  [[nodiscard]] std::uint64_t asio_due_ns() const override { return due_ns; }

  std::vector<std::uint64_t> keys;
  int batch_ends = 0;
  std::uint64_t due_ns = 0;
  std::function<void(std::uint64_t, Readiness)> action;
  std::function<bool()> work;
};

ipc::OwnedFd make_event(unsigned value) { return ipc::OwnedFd(::eventfd(value, EFD_NONBLOCK)); }

class PollerTest : public testing::Test {
 protected:
  // A turn of the loop that cannot hang.
  void run_until(const std::function<bool()>& done) {
    const auto deadline = std::chrono::steady_clock::now() + 20s;
    while (!done() && std::chrono::steady_clock::now() < deadline) {
      loop_.restart();
      loop_.run_one_for(20s);
    }
    EXPECT_TRUE(done());
  }

  void stop_after(std::chrono::milliseconds time) {
    owner_.due_ns = ipc::monotonic_ns() + ipc::to_ns(time);
    timer_.expires_at(std::chrono::steady_clock::time_point(
        std::chrono::nanoseconds(static_cast<std::int64_t>(owner_.due_ns))));
    timer_.async_wait([this](std::error_code) { loop_.stop(); });
  }

  asio::io_context loop_{1};
  asio::steady_timer timer_{loop_};
  Owner owner_;
  Poller poller_{loop_, owner_};
};

TEST_F(PollerTest, RunGivesAsioItsTurnWhileEventsNeverEnd) {
  // Level-triggered and never read: as busy as a loop can be.
  const ipc::OwnedFd event = make_event(1);
  ASSERT_TRUE(poller_.watch_level(event.get(), 7));
  stop_after(20ms);
  poller_.run();
  EXPECT_GT(owner_.keys.size(), 1U);
}

TEST_F(PollerTest, RunGivesAsioItsTurnWhileWorkIsAlwaysLeft) {
  const ipc::OwnedFd event = make_event(1);
  ASSERT_TRUE(poller_.add(event.get(), 7));
  owner_.work = [] { return true; };
  stop_after(20ms);
  poller_.run();
  EXPECT_EQ(owner_.keys.size(), 1U);
  EXPECT_GT(owner_.batch_ends, 1);
}

TEST_F(PollerTest, RunSleepsUntilAsioIsDue) {
  stop_after(100ms);
  poller_.run();
  // The timer's turn, and perhaps one that came a moment too early.
  EXPECT_LE(owner_.batch_ends, 3);
}

TEST_F(PollerTest, RunReturnsWithTheBatchThatStopsTheLoop) {
  const ipc::OwnedFd event = make_event(1);
  ASSERT_TRUE(poller_.watch_level(event.get(), 7));
  owner_.action = [this](std::uint64_t, Readiness) { loop_.stop(); };
  stop_after(20s);
  poller_.run();
  EXPECT_EQ(owner_.keys.size(), 1U);
}

TEST_F(PollerTest, RousingIsNoticedByRun) {
  int left = 3;
  owner_.work = [this, &left] {
    if (--left == 0) {
      loop_.stop();
    }
    return left > 0;
  };
  stop_after(20s);
  poller_.rouse();
  poller_.run();
  EXPECT_EQ(left, 0);
}

TEST_F(PollerTest, RousingHasTheWorkDoneWithoutAnyEvent) {
  int left = 3;
  owner_.work = [&left] { return --left > 0; };
  poller_.rouse();
  run_until([&left] { return left == 0; });
  EXPECT_TRUE(owner_.keys.empty());
  EXPECT_EQ(owner_.batch_ends, 3);
}

TEST_F(PollerTest, BesideAsioALevelWatchTellsAgainUntilItIsReadAndWhenMoreComes) {
  const ipc::OwnedFd event = make_event(1);
  ASSERT_TRUE(poller_.watch_level(event.get(), 7));
  run_until([this] { return owner_.keys.size() >= 3; });
  std::uint64_t value = 0;
  ASSERT_EQ(::read(event.get(), &value, sizeof value), ssize_t{sizeof value});
  owner_.keys.clear();
  loop_.restart();
  loop_.poll();
  EXPECT_TRUE(owner_.keys.empty());
  ASSERT_EQ(::write(event.get(), &value, sizeof value), ssize_t{sizeof value});
  run_until([this] { return !owner_.keys.empty(); });
}

TEST_F(PollerTest, ARemovedDescriptorIsSilentAndCanComeBack) {
  const ipc::OwnedFd event = make_event(1);
  ASSERT_TRUE(poller_.watch_level(event.get(), 7));
  poller_.remove(event.get());
  loop_.run_one_for(5ms);
  EXPECT_TRUE(owner_.keys.empty());
  ASSERT_TRUE(poller_.watch_level(event.get(), 8));
  run_until([this] { return !owner_.keys.empty(); });
  EXPECT_EQ(owner_.keys.front(), 8U);
}

}  // namespace
}  // namespace prefork::loop
