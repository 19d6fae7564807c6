// What applications have of the event loop: functions from other threads, times, descriptors, and
// functions on the pool. The clock is the test's.
#include "server/engine/loop_scheduler.h"

#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

#include <fcntl.h>
#include <array>
#include <atomic>
#include <cerrno>
#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "tests/inprocess/default_class.h"
#include "tests/support/set_clock.h"
#include "workers/pool/pools.h"

namespace prefork::engine {
namespace {

constexpr std::uint64_t kTickMs = 1'000'000;

class LoopSchedulerTest : public testing::Test {
 protected:
  std::function<void()> note(const std::string& what) {
    return [this, what] { told_.push_back(what); };
  }
  std::vector<std::string> told() {
    loop_.poll();
    return std::exchange(told_, {});
  }
  using Told = std::vector<std::string>;

  test::SetClock clock_;
  loop::EventLoop loop_{clock_};
  LoopScheduler scheduler_{loop_, {"default", "reports"}};
  std::vector<std::string> told_;
};

TEST_F(LoopSchedulerTest, CallsWhatOtherThreadsHavePostedInItsOrder) {
  std::thread([this] {
    EXPECT_FALSE(scheduler_.is_loop_thread());
    scheduler_.post(note("first"));
    scheduler_.post(note("second"));
  }).join();
  EXPECT_TRUE(told_.empty());
  EXPECT_TRUE(scheduler_.has_work());
  EXPECT_EQ(told(), (Told{"first", "second"}));
  EXPECT_FALSE(scheduler_.has_work());
  EXPECT_TRUE(scheduler_.is_loop_thread());
}

TEST_F(LoopSchedulerTest, TakesNoMoreThanItsLimitBeforeTheNextTurn) {
  for (std::size_t i = 0; i < LoopScheduler::kMaxPosted; ++i) {
    ASSERT_EQ(scheduler_.post([] {}), LoopScheduler::Posted::yes);
  }
  EXPECT_EQ(scheduler_.post(note("too many")), LoopScheduler::Posted::full);
  scheduler_.tell(note("news"));
  EXPECT_EQ(told(), (Told{"news"}));
  EXPECT_EQ(scheduler_.post(note("again")), LoopScheduler::Posted::yes);
  EXPECT_EQ(told(), (Told{"again"}));
}

TEST_F(LoopSchedulerTest, TimersAreDueInTheirOrderAndOnce) {
  scheduler_.start_timer(20 * kTickMs, note("later"));
  scheduler_.start_timer(10 * kTickMs, note("sooner"));
  const auto cancelled = scheduler_.start_timer(10 * kTickMs, note("cancelled"));
  scheduler_.start_timer(10 * kTickMs, note("as soon"));
  scheduler_.cancel_timer(cancelled);
  clock_.time_ns += 9 * kTickMs;
  EXPECT_EQ(told(), Told{});
  clock_.time_ns += 1 * kTickMs;
  EXPECT_EQ(told(), (Told{"sooner", "as soon"}));
  clock_.time_ns += 100 * kTickMs;
  EXPECT_EQ(told(), (Told{"later"}));
  scheduler_.cancel_timer(cancelled);
  EXPECT_EQ(told(), Told{});
}

TEST_F(LoopSchedulerTest, ATimerMayStartAndCancelOthers) {
  LoopScheduler::TimerId other = 0;
  scheduler_.start_timer(kTickMs, [&] {
    scheduler_.cancel_timer(other);
    scheduler_.start_timer(0, note("started"));
  });
  other = scheduler_.start_timer(kTickMs, note("never"));
  clock_.time_ns += kTickMs;
  EXPECT_EQ(told(), (Told{"started"}));
}

TEST_F(LoopSchedulerTest, EachDirectionOfADescriptorIsWatchedOnce) {
  std::array<int, 2> ends{};
  ASSERT_EQ(::socketpair(AF_UNIX, SOCK_STREAM, 0, ends.data()), 0);
  EXPECT_NE(scheduler_.watch(ends[0], false, note("readable")), 0U);
  EXPECT_EQ(scheduler_.watch(ends[0], false, note("again")), 0U);
  EXPECT_EQ(errno, EEXIST);
  EXPECT_NE(scheduler_.watch(ends[0], true, note("writable")), 0U);
  EXPECT_EQ(told(), (Told{"writable"}));
  ASSERT_EQ(::write(ends[1], "x", 1), 1);
  EXPECT_EQ(told(), (Told{"readable"}));
  EXPECT_EQ(told(), Told{}) << "it is there still, and was told once";
  const auto watch = scheduler_.watch(ends[0], false, note("cancelled"));
  scheduler_.cancel_watch(watch);
  EXPECT_EQ(told(), Told{});
  scheduler_.watch(ends[0], false, note("with the number of one that was closed"));
  ::close(ends[0]);
  ASSERT_EQ(::dup2(ends[1], ends[0]), ends[0]);
  EXPECT_NE(scheduler_.watch(ends[0], true, note("new")), 0U);
  EXPECT_EQ(told(), (Told{"with the number of one that was closed", "new"}));
  ::close(ends[0]);
  ::close(ends[1]);
}

TEST_F(LoopSchedulerTest, AFileIsNotWatchedForItNeverWaits) {
  const ipc::OwnedFd file(::open("/proc/self/exe", O_RDONLY | O_CLOEXEC));
  EXPECT_EQ(scheduler_.watch(file.get(), false, note("ready")), 0U);
  EXPECT_EQ(errno, EPERM);
}

class PoolWorkTest : public LoopSchedulerTest {
 protected:
  std::unique_ptr<pool::Pools> make_pool(std::uint32_t threads, std::uint32_t queue) {
    auto pools = std::make_unique<pool::Pools>(std::vector{test::default_class(threads, queue)},
                                               config::PoolOrder::fcfs, *record_,
                                               [](std::unique_ptr<exchange::Job> job) {
                                                 exchange::CompletionSink* const sink = job->sink;
                                                 sink->deliver(std::move(job));
                                               });
    scheduler_.set_executor(pools.get());
    return pools;
  }
  bool submit(std::function<void()> run) {
    return scheduler_.submit(
        {"", exchange::Priority::normal, std::move(run), [this](exchange::WorkEnd how) {
           ends_.push_back(how);
           was_dropped_ = was_dropped_ || how == exchange::WorkEnd::dropped;
         }});
  }
  void wait_for_ends(std::size_t count) {
    while (ends_.size() < count) {
      loop_.run_one_for(1'000 * kTickMs);
    }
  }
  using Ends = std::vector<exchange::WorkEnd>;

  const std::unique_ptr<ipc::WorkerRecord> record_ = std::make_unique<ipc::WorkerRecord>();
  Ends ends_;
  bool was_dropped_ = false;
};

TEST_F(PoolWorkTest, RunsOnAThreadAndEndsOnTheLoop) {
  const auto pools = make_pool(1, 1);
  std::thread::id thread;
  EXPECT_TRUE(submit([&] { thread = std::this_thread::get_id(); }));
  EXPECT_TRUE(scheduler_.has_work());
  wait_for_ends(1);
  EXPECT_EQ(ends_, (Ends{exchange::WorkEnd::done}));
  EXPECT_NE(thread, std::this_thread::get_id());
  while (scheduler_.has_work()) {
    std::this_thread::yield();  // its thread is about to say so
  }
}

TEST_F(PoolWorkTest, IsRefusedWhenThePoolIsFullAndDroppedWhenItEnds) {
  auto pools = make_pool(1, 1);
  std::atomic<bool> runs{false};
  std::atomic<bool> may_end{false};
  EXPECT_TRUE(submit([&] {
    runs = true;
    runs.notify_all();
    may_end.wait(false);
  }));
  runs.wait(false);
  EXPECT_TRUE(submit([] { ADD_FAILURE() << "it was dropped"; }));
  EXPECT_FALSE(submit([] {}));
  scheduler_.set_executor(nullptr);
  // The pool drops what waits, and then waits for what runs.
  std::thread end([&] { pools.reset(); });
  while (!was_dropped_) {
    loop_.run_one_for(1'000 * kTickMs);
  }
  may_end = true;
  may_end.notify_all();
  end.join();
  scheduler_.settle();
  EXPECT_EQ(ends_, (Ends{exchange::WorkEnd::dropped, exchange::WorkEnd::done}));
  EXPECT_FALSE(submit([] {}));
  EXPECT_FALSE(scheduler_.has_work());
}

TEST_F(LoopSchedulerTest, InTheEndEverythingPostedIsCalledAndNothingIsTaken) {
  scheduler_.post([this] { scheduler_.post(note("posted by what was posted")); });
  scheduler_.end();
  EXPECT_EQ(told_, (Told{"posted by what was posted"}));
  EXPECT_EQ(scheduler_.post(note("late")), LoopScheduler::Posted::over);
  scheduler_.tell(note("late"));
  EXPECT_EQ(told(), (Told{"posted by what was posted"}));
}

}  // namespace
}  // namespace prefork::engine
