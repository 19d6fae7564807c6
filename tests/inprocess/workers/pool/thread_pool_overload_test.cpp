// What a thread pool does with more jobs than its threads can take.
#include <array>
#include <chrono>
#include <cstdint>
#include <vector>

#include "tests/inprocess/workers/pool/thread_pool_harness.h"

namespace prefork::pool {
namespace {

using namespace std::chrono_literals;

TEST_F(ThreadPoolTest, RefusesWhatWouldWaitBeyondTheLimit) {
  start(1, 2);
  Gate running;
  Gate go_on;
  const exchange::Handler* nothing = keep([](const http::Request&, http::Response&) {});
  ASSERT_TRUE(submit(blocking(running, go_on)));
  running.wait();
  EXPECT_TRUE(submit(nothing));
  EXPECT_TRUE(submit(nothing));
  EXPECT_FALSE(submit(nothing));
  EXPECT_EQ(gauge(ipc::Gauge::pool_queued), 2U);
  go_on.open();
  wait_for_done(3);
}

TEST_F(ThreadPoolTest, WithoutAQueueAFreeThreadStillTakesAJob) {
  start(2, 0);
  Gate first_running;
  Gate second_running;
  Gate go_on;
  const exchange::Handler* nothing = keep([](const http::Request&, http::Response&) {});
  // At once, before any thread can have woken up: what counts is who would have to wait.
  EXPECT_TRUE(submit(blocking(first_running, go_on)));
  EXPECT_TRUE(submit(blocking(second_running, go_on)));
  EXPECT_FALSE(submit(nothing));
  first_running.wait();
  second_running.wait();
  EXPECT_FALSE(submit(nothing));
  go_on.open();
  wait_for_done(2);
}

TEST_F(ThreadPoolTest, WhoHasWaitedForTooLongIsShedThoughEveryThreadIsBusy) {
  start({.name = "default", .threads = 1, .queue = 10, .wait = 10ms});
  Gate running;
  Gate go_on;
  bool has_run = false;
  ASSERT_TRUE(submit(blocking(running, go_on), 1));
  running.wait();
  ASSERT_TRUE(
      submit(keep([&has_run](const http::Request&, http::Response&) { has_run = true; }), 2));
  wait_until([this] {
    pool_->shed_overdue();
    return done_count() == 1;
  });
  EXPECT_TRUE(done_[0]->was_shed());
  EXPECT_EQ(done_[0]->request.id, 2U);
  EXPECT_EQ(record_->pools[0].get(ipc::PoolRecord::Number::shed), 1U);
  go_on.open();
  wait_for_done(2);
  EXPECT_FALSE(done_[1]->was_shed());
  EXPECT_FALSE(has_run);
}

TEST_F(ThreadPoolTest, InACongestionTheNewestIsServedAndTheOldestMakesRoom) {
  start({.name = "default", .threads = 1, .queue = 3, .wait = 10s});
  Gate running;
  Gate go_on;
  ASSERT_TRUE(submit(blocking(running, go_on), 1));
  running.wait();
  const exchange::Handler* nothing = keep([](const http::Request&, http::Response&) {});
  for (const std::uint64_t id : std::array<std::uint64_t, 3>{2, 3, 4}) {
    ASSERT_TRUE(submit(nothing, id));
  }
  EXPECT_FALSE(submit(nothing, 5)) << "a burst: who came first is served";
  wait_until([&] {
    pool_->shed_overdue();
    return submit(nothing, 6);
  });
  ASSERT_EQ(done_count(), 1U);
  EXPECT_EQ(done_[0]->request.id, 2U);
  EXPECT_TRUE(done_[0]->was_shed());
  go_on.open();
  wait_for_done(5);
  EXPECT_EQ(ids_done(), (std::vector<std::uint64_t>{2, 1, 6, 4, 3}));
}

TEST_F(ThreadPoolTest, AReservedThreadIsForHighPriorityAlone) {
  start({.name = "default", .threads = 2, .queue = 10, .wait = {}, .reserve = 1});
  exchange::JobProfile high("", exchange::Priority::high);
  Gate normal_running;
  Gate high_running;
  Gate go_on;
  ASSERT_TRUE(submit(blocking(normal_running, go_on), 1));
  normal_running.wait();
  Gate second_running;
  ASSERT_TRUE(submit(blocking(second_running, go_on), 2));
  ASSERT_TRUE(submit(blocking(high_running, go_on), 3, &high));
  high_running.wait();
  EXPECT_EQ(gauge(ipc::Gauge::pool_busy), 2U);
  EXPECT_EQ(gauge(ipc::Gauge::pool_queued), 1U) << "the second normal one waits";
  go_on.open();
  wait_for_done(3);
}

}  // namespace
}  // namespace prefork::pool
