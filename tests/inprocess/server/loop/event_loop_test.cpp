// The event loop: who gets a turn, and when. The clock is the test's, except where waiting itself
// is looked at.
#include "server/loop/event_loop.h"

#include <gtest/gtest.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <atomic>
#include <cstdint>
#include <functional>
#include <string>
#include <thread>
#include <vector>

#include "tests/inprocess/thread_state.h"
#include "tests/support/set_clock.h"

namespace prefork::loop {
namespace {

constexpr std::uint64_t kMs = 1'000'000;

class Client : public LoopClient {
 public:
  void on_turn(std::uint64_t, bool has_events) override { turns_with_events += has_events ? 1 : 0; }
  void on_ready(std::uint64_t key, Readiness readiness) override {
    keys.push_back(key);
    last = readiness;
  }
  void on_deferred(std::uint64_t key) override {
    if (deferred) {
      deferred(key);
    }
  }
  void on_turn_end() override { ++turns; }
  void on_sleep(std::uint64_t until_ns) override { sleeps.push_back(until_ns); }

  std::vector<std::uint64_t> keys;
  std::vector<std::uint64_t> sleeps;
  Readiness last;
  int turns = 0;
  int turns_with_events = 0;
  std::function<void(std::uint64_t)> deferred;
};

ipc::OwnedFd make_event(unsigned value) { return ipc::OwnedFd(::eventfd(value, EFD_NONBLOCK)); }

void drain(const ipc::OwnedFd& event) {
  std::uint64_t value = 0;
  ASSERT_EQ(::read(event.get(), &value, sizeof value), ssize_t{sizeof value});
}

void signal(const ipc::OwnedFd& event) {
  const std::uint64_t one = 1;
  ASSERT_EQ(::write(event.get(), &one, sizeof one), ssize_t{sizeof one});
}

class EventLoopTest : public testing::Test {
 protected:
  static constexpr std::uint64_t kKey = EventLoop::kFirstClientKey + 7;

  EventLoopTest() { loop_.set_client(&client_); }

  test::SetClock clock_;
  EventLoop loop_{clock_};
  Client client_;
};

TEST_F(EventLoopTest, AWatchIsCalledAgainUntilItsDescriptorIsReadAndWhenMoreComes) {
  const ipc::OwnedFd event = make_event(1);
  int calls = 0;
  loop_.watch(event.get(), [&] {
    if (++calls == 3) {
      drain(event);
    }
  });
  EXPECT_TRUE(loop_.poll());
  EXPECT_EQ(calls, 3);
  EXPECT_FALSE(loop_.poll());
  signal(event);
  loop_.run_one_for(0);
  EXPECT_EQ(calls, 4);
}

TEST_F(EventLoopTest, APausedWatchIsSilentAndGoesOnWhereItWas) {
  const ipc::OwnedFd event = make_event(1);
  int calls = 0;
  const EventLoop::WatchId watch = loop_.watch(event.get(), [&] { ++calls; });
  loop_.pause_watch(watch);
  EXPECT_FALSE(loop_.poll());
  EXPECT_TRUE(loop_.resume_watch(watch));
  loop_.run_one_for(0);
  EXPECT_EQ(calls, 1);
}

TEST_F(EventLoopTest, AWatchThatIsPausedByAnotherOneInTheSameTurnIsNotCalled) {
  const ipc::OwnedFd first = make_event(1);
  const ipc::OwnedFd second = make_event(1);
  std::vector<EventLoop::WatchId> watches;
  int calls = 0;
  const auto pause_all = [&] {
    ++calls;
    for (const EventLoop::WatchId watch : watches) {
      loop_.pause_watch(watch);
    }
  };
  watches.push_back(loop_.watch(first.get(), pause_all));
  watches.push_back(loop_.watch(second.get(), pause_all));
  loop_.poll();
  EXPECT_EQ(calls, 1);
}

TEST_F(EventLoopTest, WhatIsSharedComesFirst) {
  const ipc::OwnedFd event = make_event(1);
  const ipc::OwnedFd own = make_event(1);
  const ipc::OwnedFd shared = make_event(1);
  std::vector<int> calls;
  loop_.add(event.get(), kKey);
  loop_.watch(own.get(), [&] {
    calls.push_back(1);
    drain(own);
  });
  loop_.watch_shared(shared.get(), [&] {
    calls.push_back(2);
    EXPECT_TRUE(client_.keys.empty());
    drain(shared);
  });
  loop_.poll();
  EXPECT_EQ(calls, (std::vector<int>{2, 1}));
  EXPECT_EQ(client_.keys, std::vector<std::uint64_t>{kKey});
}

// Two loops that wait for the same.
class SharedWatch : public testing::Test {
 protected:
  struct Waiter {
    explicit Waiter(const ipc::OwnedFd& event)
        : watch(loop.watch_shared(event.get(), [this] { ++calls; })) {}
    void start() {
      thread = std::thread([this] {
        id = ::gettid();
        loop.run_one_for(60'000 * kMs);
      });
    }
    void await_sleep() const {
      while (!is_asleep()) {
        std::this_thread::yield();
      }
    }
    [[nodiscard]] bool is_asleep() const { return test::is_asleep(id); }

    const ipc::MonotonicClock clock;
    EventLoop loop{clock};
    std::atomic<int> calls{0};
    std::atomic<pid_t> id{0};
    EventLoop::WatchId watch;
    std::thread thread;
  };

  void start_both() {
    for (Waiter* const waiter : {&first_, &second_}) {
      waiter->start();
      waiter->await_sleep();
    }
  }

  const ipc::OwnedFd event_ = make_event(0);
  Waiter first_{event_};
  Waiter second_{event_};
};

TEST_F(SharedWatch, AnEventWakesOneOfThoseThatWait) {
  start_both();
  signal(event_);
  first_.thread.join();
  EXPECT_TRUE(second_.is_asleep());
  EXPECT_EQ(first_.calls, 1);
  EXPECT_EQ(second_.calls, 0);
  signal(event_);
  second_.thread.join();
  EXPECT_EQ(second_.calls, 1);
}

TEST_F(SharedWatch, WhoStandsBehindIsNotTheOneThatIsWoken) {
  ASSERT_TRUE(first_.loop.stand_behind(first_.watch));
  start_both();
  signal(event_);
  second_.thread.join();
  EXPECT_TRUE(first_.is_asleep());
  EXPECT_EQ(first_.calls, 0);
  signal(event_);
  first_.thread.join();
}

TEST_F(SharedWatch, WhoStandsBehindSeesWhatWaitsForAnother) {
  start_both();
  signal(event_);
  first_.thread.join();
  EXPECT_TRUE(second_.is_asleep());
  ASSERT_TRUE(second_.loop.stand_behind(second_.watch));
  second_.thread.join();
  EXPECT_EQ(second_.calls, 1);
}

TEST_F(SharedWatch, WhoLooksSeesWhatWaitsForAnother) {
  start_both();
  signal(event_);
  first_.thread.join();
  EXPECT_TRUE(second_.is_asleep());
  second_.loop.look_at_shared();
  EXPECT_EQ(second_.calls, 1);
  signal(event_);
  second_.thread.join();
}

TEST_F(EventLoopTest, LookingCallsForWhatIsSharedAndThereAlone) {
  const ipc::OwnedFd own = make_event(1);
  const ipc::OwnedFd paused = make_event(1);
  const ipc::OwnedFd empty = make_event(0);
  const ipc::OwnedFd shared = make_event(1);
  std::vector<int> calls;
  loop_.watch(own.get(), [&] { calls.push_back(1); });
  loop_.pause_watch(loop_.watch_shared(paused.get(), [&] { calls.push_back(2); }));
  loop_.watch_shared(empty.get(), [&] { calls.push_back(3); });
  loop_.watch_shared(shared.get(), [&] { calls.push_back(4); });
  loop_.look_at_shared();
  EXPECT_EQ(calls, std::vector<int>{4});
}

TEST_F(EventLoopTest, WhatIsAddedByKeyIsToldOnceForEachArrival) {
  const ipc::OwnedFd event = make_event(1);
  ASSERT_TRUE(loop_.add(event.get(), kKey));
  EXPECT_TRUE(loop_.poll());
  EXPECT_EQ(client_.keys, std::vector<std::uint64_t>{kKey}) << "what is there is told, once";
  EXPECT_TRUE(client_.last.readable);
  EXPECT_FALSE(client_.last.writable);
  signal(event);
  loop_.poll();
  EXPECT_EQ(client_.keys.size(), 2U);
}

TEST_F(EventLoopTest, RoomForOutputIsToldWhenItIsWanted) {
  const ipc::OwnedFd event = make_event(0);
  ASSERT_TRUE(loop_.add(event.get(), kKey));
  loop_.poll();
  EXPECT_TRUE(client_.keys.empty());
  loop_.want_writable(event.get(), kKey);
  loop_.poll();
  ASSERT_EQ(client_.keys.size(), 1U);
  EXPECT_TRUE(client_.last.writable);
}

TEST_F(EventLoopTest, ARemovedDescriptorIsSilentAndCanComeBackUnderAnotherKey) {
  const ipc::OwnedFd event = make_event(1);
  ASSERT_TRUE(loop_.add(event.get(), kKey));
  loop_.remove(event.get());
  EXPECT_FALSE(loop_.poll());
  ASSERT_TRUE(loop_.add(event.get(), kKey + 1));
  loop_.poll();
  EXPECT_EQ(client_.keys, std::vector<std::uint64_t>{kKey + 1});
}

TEST_F(EventLoopTest, WhatIsDeferredAgainAndAgainLetsEventsComeBetween) {
  const ipc::OwnedFd event = make_event(1);
  std::vector<std::uint64_t> deferred;
  int calls = 0;
  loop_.watch(event.get(), [&] { ++calls; });
  client_.deferred = [&](std::uint64_t key) {
    deferred.push_back(key);
    if (deferred.size() < 3) {
      loop_.defer(key + 1);
    }
  };
  loop_.defer(kKey);
  loop_.run_one_for(0);
  EXPECT_EQ(deferred, std::vector<std::uint64_t>{kKey}) << "what it defers has to wait";
  loop_.run_one_for(0);
  loop_.run_one_for(0);
  EXPECT_EQ(deferred, (std::vector<std::uint64_t>{kKey, kKey + 1, kKey + 2}));
  EXPECT_EQ(calls, 3);
}

TEST_F(EventLoopTest, WhatIsDeferredIsNotWaitedFor) {
  int calls = 0;
  client_.deferred = [&](std::uint64_t) { ++calls; };
  loop_.defer(kKey);
  loop_.run_one_for(3'600'000 * kMs);
  EXPECT_EQ(calls, 1);
  EXPECT_TRUE(client_.sleeps.empty());
  EXPECT_FALSE(loop_.poll());
}

TEST_F(EventLoopTest, WithoutItsClientWhatWasDeferredIsForgotten) {
  loop_.defer(kKey);
  loop_.set_client(nullptr);
  EXPECT_TRUE(loop_.poll());
  EXPECT_FALSE(loop_.poll());
}

TEST_F(EventLoopTest, ATimerIsCalledInTheFirstTurnThatBeginsThenOrLater) {
  int calls = 0;
  Timer timer(loop_, [&] { ++calls; });
  timer.arm(clock_.time_ns + 10 * kMs);
  loop_.poll();
  clock_.time_ns += 10 * kMs - 1;
  EXPECT_FALSE(loop_.poll());
  EXPECT_EQ(calls, 0);
  clock_.time_ns += 1;
  EXPECT_TRUE(loop_.poll());
  EXPECT_EQ(calls, 1);
  EXPECT_EQ(timer.due_ns(), ipc::kNever);
  clock_.time_ns += 100 * kMs;
  loop_.poll();
  EXPECT_EQ(calls, 1) << "once for each time it is armed";
}

TEST_F(EventLoopTest, ATimerThatIsArmedAnewForgetsItsEarlierTime) {
  int calls = 0;
  Timer timer(loop_, [&] { ++calls; });
  timer.arm(clock_.time_ns + 10 * kMs);
  timer.arm(clock_.time_ns + 30 * kMs);
  timer.arm_no_later_than(clock_.time_ns + 40 * kMs);
  clock_.time_ns += 20 * kMs;
  loop_.poll();
  EXPECT_EQ(calls, 0);
  timer.arm_no_later_than(clock_.time_ns + 5 * kMs);
  clock_.time_ns += 5 * kMs;
  loop_.poll();
  EXPECT_EQ(calls, 1);
  timer.arm(clock_.time_ns + kMs);
  timer.disarm();
  clock_.time_ns += kMs;
  loop_.poll();
  EXPECT_EQ(calls, 1);
}

TEST_F(EventLoopTest, ATimerThatAnotherOneArmsAnewInTheSameTurnDoesNotComeEarly) {
  int late_calls = 0;
  Timer late(loop_, [&] { ++late_calls; });
  Timer first(loop_, [&] { late.arm(clock_.time_ns + 50 * kMs); });
  first.arm(clock_.time_ns + kMs);
  late.arm(clock_.time_ns + 2 * kMs);
  clock_.time_ns += 10 * kMs;
  loop_.poll();
  EXPECT_EQ(late_calls, 0);
  clock_.time_ns += 50 * kMs;
  loop_.poll();
  EXPECT_EQ(late_calls, 1);
}

TEST_F(EventLoopTest, TimersComeInTheOrderOfTheirTimes) {
  std::vector<int> order;
  Timer second(loop_, [&] { order.push_back(2); });
  Timer first(loop_, [&] { order.push_back(1); });
  second.arm(clock_.time_ns + 2 * kMs);
  first.arm(clock_.time_ns + kMs);
  clock_.time_ns += 3 * kMs;
  loop_.poll();
  EXPECT_EQ(order, (std::vector<int>{1, 2}));
}

TEST_F(EventLoopTest, EventsThatNeverEndDoNotHoldUpATimer) {
  const ipc::OwnedFd event = make_event(1);
  int calls = 0;
  loop_.watch(event.get(), [&] {
    ++calls;
    clock_.time_ns += kMs;
  });
  Timer timer(loop_, [this] { loop_.stop(); });
  timer.arm(clock_.time_ns + 20 * kMs);
  loop_.run();
  EXPECT_GE(calls, 19);
  EXPECT_LE(calls, 22);
}

TEST_F(EventLoopTest, RunReturnsWithTheTurnThatStopsIt) {
  const ipc::OwnedFd event = make_event(1);
  int calls = 0;
  loop_.watch(event.get(), [&] {
    ++calls;
    loop_.stop();
  });
  loop_.run();
  EXPECT_EQ(calls, 1);
}

TEST_F(EventLoopTest, BeforeALongWaitTheClientIsToldUntilWhenAndBeforeAShortOneNot) {
  const ipc::OwnedFd event = make_event(0);
  ASSERT_TRUE(loop_.add(event.get(), kKey));
  Timer timer(loop_, [] {});
  timer.arm(clock_.time_ns + 100 * kMs);
  loop_.run_one_for(0);
  EXPECT_TRUE(client_.sleeps.empty());
  timer.arm(clock_.time_ns + 500 * kMs);
  signal(event);  // so that the test does not wait
  loop_.run_one_for(1'000 * kMs);
  EXPECT_EQ(client_.sleeps, std::vector<std::uint64_t>{clock_.time_ns + 500 * kMs});
}

TEST(EventLoopWithTheMachinesClock, SleepsUntilItsTimerIsDue) {
  const ipc::MonotonicClock clock;
  EventLoop loop(clock);
  Client client;
  loop.set_client(&client);
  Timer timer(loop, [&loop] { loop.stop(); });
  timer.arm(clock.now_ns() + 30 * kMs);
  loop.run();
  // The first one, the timer's, and perhaps one that came a moment too early.
  EXPECT_LE(client.turns, 3);
}

}  // namespace
}  // namespace prefork::loop
