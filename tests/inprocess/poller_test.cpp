// The readiness set beside Asio on one loop: who gets a turn, and when.
#include "server/poller.h"

#include <gtest/gtest.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <asio/io_context.hpp>
#include <asio/steady_timer.hpp>
#include <chrono>
#include <cstdint>
#include <functional>
#include <vector>

#include "ipc/monotonic.h"

namespace prefork {
namespace {

using namespace std::chrono_literals;

class Owner : public PollerOwner {
 public:
  std::uint64_t on_batch() override { return monotonic_ns(); }
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

  std::vector<std::uint64_t> keys;
  int batch_ends = 0;
  std::function<void(std::uint64_t, Readiness)> action;
  std::function<bool()> work;
};

OwnedFd make_event(unsigned value) { return OwnedFd(::eventfd(value, EFD_NONBLOCK)); }

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

  asio::io_context loop_{1};
  Owner owner_;
  Poller poller_{loop_, owner_};
};

TEST_F(PollerTest, AsioGetsItsTurnWhileEventsNeverEnd) {
  // Level-triggered and never read: as busy as a loop can be.
  const OwnedFd event = make_event(1);
  ASSERT_TRUE(poller_.watch_level(event.get(), 7));
  bool rang = false;
  asio::steady_timer timer(loop_, 20ms);
  timer.async_wait([&rang](std::error_code) { rang = true; });
  run_until([&rang] { return rang; });
  EXPECT_GT(owner_.keys.size(), 1U);
}

TEST_F(PollerTest, AsioGetsItsTurnWhileWorkIsAlwaysLeft) {
  const OwnedFd event = make_event(1);
  ASSERT_TRUE(poller_.add(event.get(), 7));
  owner_.work = [] { return true; };
  bool rang = false;
  asio::steady_timer timer(loop_, 20ms);
  timer.async_wait([&rang](std::error_code) { rang = true; });
  run_until([&rang] { return rang; });
  EXPECT_EQ(owner_.keys.size(), 1U);
  EXPECT_GT(owner_.batch_ends, 1);
}

TEST_F(PollerTest, EventsThatFollowEachOtherAreTakenInOneTurnOfAsio) {
  const OwnedFd event = make_event(1);
  ASSERT_TRUE(poller_.watch_level(event.get(), 7));
  // The first turn may find that nothing came before it; by the second the set is known as busy.
  run_until([this] { return owner_.keys.size() >= 2; });
  owner_.keys.clear();
  loop_.restart();
  ASSERT_EQ(loop_.run_one_for(20s), 1U);
  EXPECT_GT(owner_.keys.size(), 1U);
}

TEST_F(PollerTest, AStoppedLoopIsLeftAtOnce) {
  const OwnedFd event = make_event(1);
  ASSERT_TRUE(poller_.watch_level(event.get(), 7));
  run_until([this] { return owner_.keys.size() >= 2; });
  owner_.keys.clear();
  owner_.action = [this](std::uint64_t, Readiness) { loop_.stop(); };
  loop_.restart();
  loop_.run();
  EXPECT_EQ(owner_.keys.size(), 1U);
}

TEST_F(PollerTest, RousingHasTheWorkDoneWithoutAnyEvent) {
  int left = 3;
  owner_.work = [&left] { return --left > 0; };
  poller_.rouse();
  run_until([&left] { return left == 0; });
  EXPECT_TRUE(owner_.keys.empty());
  EXPECT_EQ(owner_.batch_ends, 3);
}

TEST_F(PollerTest, ARemovedDescriptorIsSilentAndCanComeBack) {
  const OwnedFd event = make_event(1);
  ASSERT_TRUE(poller_.watch_level(event.get(), 7));
  poller_.remove(event.get());
  loop_.run_one_for(5ms);
  EXPECT_TRUE(owner_.keys.empty());
  ASSERT_TRUE(poller_.watch_level(event.get(), 8));
  run_until([this] { return !owner_.keys.empty(); });
  EXPECT_EQ(owner_.keys.front(), 8U);
}

}  // namespace
}  // namespace prefork
