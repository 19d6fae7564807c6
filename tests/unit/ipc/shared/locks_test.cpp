// What waits, between threads: what they are told, and that they exclude each other. Between
// processes, and when one dies: tests/inprocess/ipc/shared.
#include <gtest/gtest.h>

#include <atomic>
#include <set>
#include <thread>
#include <vector>

#include "ipc/shared/barrier.h"
#include "ipc/shared/event.h"
#include "ipc/shared/mutex.h"
#include "ipc/shared/once.h"
#include "ipc/shared/rw_lock.h"
#include "ipc/shared/semaphore.h"
#include "ipc/shared/shared_number.h"
#include "ipc/shared/wait_board.h"
#include "tests/unit/ipc/shared/waiting.h"

namespace prefork::ipc {
namespace {

using testing_ipc::kNobody;
using testing_ipc::kPatienceNs;

constexpr std::uint64_t kShortNs = 1'000'000;

template <typename Body>
void run_threads(int number, Body body) {
  std::vector<std::thread> threads;
  for (int i = 0; i < number; ++i) {
    threads.emplace_back(body);
  }
  for (std::thread& thread : threads) {
    thread.join();
  }
}

// Until so many threads are seen to wait.
void await_waiters(const WaitBoard& board, int number) {
  for (int seen = 0; seen != number; std::this_thread::yield()) {
    seen = 0;
    board.for_each([&seen](std::uint32_t) { ++seen; });
  }
}

TEST(SharedNumber, IsChangedInOneStep) {
  SharedNumber number;
  run_threads(4, [&] {
    for (int i = 0; i < 1000; ++i) {
      number.add(1);
    }
  });
  EXPECT_EQ(number.get(), 4000);
  EXPECT_EQ(number.add(-4001), -1);
  std::int64_t expected = 7;
  EXPECT_FALSE(number.replace(expected, 8));
  EXPECT_EQ(expected, -1);
  EXPECT_TRUE(number.replace(expected, 8));
  EXPECT_EQ(number.get(), 8);
}

TEST(SharedMutex, HasOneOwner) {
  Mutex mutex;
  int counted = 0;
  run_threads(4, [&] {
    for (int i = 0; i < 1000; ++i) {
      ASSERT_EQ(mutex.lock(kNobody, kPatienceNs), Outcome::done);
      ++counted;
      ASSERT_EQ(mutex.unlock(), Outcome::done);
    }
  });
  EXPECT_EQ(counted, 4000);
}

TEST(SharedMutex, IsWaitedForAsLongAsSaid) {
  Mutex mutex;
  EXPECT_EQ(mutex.unlock(), Outcome::not_owner);
  ASSERT_EQ(mutex.lock(kNobody, 0), Outcome::done);
  EXPECT_EQ(mutex.owner(), ProcessKey::own());
  EXPECT_EQ(mutex.lock(kNobody, 0), Outcome::timed_out);
  const std::uint64_t start_ns = monotonic_ns();
  EXPECT_EQ(mutex.lock(kNobody, kShortNs), Outcome::timed_out);
  EXPECT_GE(monotonic_ns() - start_ns, kShortNs);
}

TEST(SharedMutex, WakesWhoWaitsAndShowsThem) {
  Mutex mutex;
  WaitBoard board;
  ASSERT_EQ(mutex.lock(kNobody, 0), Outcome::done);
  std::thread waiter([&] { EXPECT_EQ(mutex.lock({&board, 7}, kPatienceNs), Outcome::done); });
  await_waiters(board, 1);
  board.for_each([](std::uint32_t what) { EXPECT_EQ(what, 7U); });
  EXPECT_EQ(mutex.unlock(), Outcome::done);
  waiter.join();
  await_waiters(board, 0);
}

TEST(SharedSemaphore, GivesEachUnitOnce) {
  Semaphore semaphore;
  std::set<std::uint32_t> units;
  for (int i = 0; i < 3; ++i) {
    const auto acquired = semaphore.acquire(kNobody, 3, 0);
    ASSERT_EQ(acquired.outcome, Outcome::done);
    units.insert(acquired.unit);
  }
  EXPECT_EQ(units, (std::set<std::uint32_t>{0, 1, 2}));
  EXPECT_EQ(semaphore.acquire(kNobody, 3, kShortNs).outcome, Outcome::timed_out);
  EXPECT_EQ(semaphore.release(1), Outcome::done);
  EXPECT_EQ(semaphore.release(1), Outcome::not_owner);
  EXPECT_EQ(semaphore.release(Semaphore::kMaxUnits), Outcome::not_owner);
  EXPECT_EQ(semaphore.acquire(kNobody, 3, 0).unit, 1U);
}

TEST(SharedSemaphore, LetsInSoManyAtOnce) {
  Semaphore semaphore;
  std::atomic<int> inside{0};
  run_threads(6, [&] {
    for (int i = 0; i < 300; ++i) {
      const auto acquired = semaphore.acquire(kNobody, 3, kPatienceNs);
      ASSERT_EQ(acquired.outcome, Outcome::done);
      EXPECT_LE(inside.fetch_add(1), 2);
      inside.fetch_sub(1);
      ASSERT_EQ(semaphore.release(acquired.unit), Outcome::done);
    }
  });
}

TEST(SharedEvent, ReleasesAllWhoWaitUntilItIsCleared) {
  Event event;
  WaitBoard board;
  EXPECT_EQ(event.wait(kNobody, 0), Outcome::timed_out);
  std::thread setter([&] {
    await_waiters(board, 3);
    event.set();
  });
  run_threads(3, [&] { EXPECT_EQ(event.wait({&board, 1}, kPatienceNs), Outcome::done); });
  setter.join();
  EXPECT_EQ(event.wait(kNobody, 0), Outcome::done);
  event.clear();
  EXPECT_EQ(event.wait(kNobody, kShortNs), Outcome::timed_out);
}

TEST(SharedOnce, IsDoneByOneWhileTheOthersWait) {
  Once once;
  std::atomic<int> done{0};
  run_threads(4, [&] {
    if (once.begin(kNobody, kPatienceNs) == Once::Turn::yours) {
      ++done;
      EXPECT_EQ(once.end(true), Outcome::done);
    }
    EXPECT_EQ(done, 1);
  });
  EXPECT_EQ(once.begin(kNobody, 0), Once::Turn::is_done);
  EXPECT_EQ(once.end(true), Outcome::not_owner);
}

TEST(SharedOnce, ThatFailedIsForTheNextOne) {
  Once once;
  ASSERT_EQ(once.begin(kNobody, 0), Once::Turn::yours);
  EXPECT_EQ(once.begin(kNobody, kShortNs), Once::Turn::timed_out);
  EXPECT_EQ(once.end(false), Outcome::done);
  EXPECT_EQ(once.begin(kNobody, 0), Once::Turn::yours);
}

TEST(SharedRwLock, HasManyReadersOrOneWriter) {
  RwLock lock;
  int first = 0;
  int second = 0;
  run_threads(4, [&] {
    for (int i = 0; i < 200; ++i) {
      if (i % 4 == 0) {
        ASSERT_EQ(lock.write(kNobody, kPatienceNs), Outcome::done);
        ++first;
        ++second;
        ASSERT_EQ(lock.stop_writing(), Outcome::done);
      } else {
        const auto reading = lock.read(kNobody, kPatienceNs);
        ASSERT_EQ(reading.outcome, Outcome::done);
        EXPECT_EQ(first, second);
        ASSERT_EQ(lock.stop_reading(reading.reader), Outcome::done);
      }
    }
  });
  EXPECT_EQ(first, 4 * 50);
}

TEST(SharedRwLock, KeepsOutWhoHasToStayOut) {
  RwLock lock;
  const auto one = lock.read(kNobody, 0);
  const auto other = lock.read(kNobody, 0);
  EXPECT_EQ(lock.readers(), 2U);
  EXPECT_EQ(lock.write(kNobody, kShortNs), Outcome::timed_out);
  EXPECT_EQ(lock.stop_reading(one.reader), Outcome::done);
  EXPECT_EQ(lock.stop_reading(one.reader), Outcome::not_owner);
  EXPECT_EQ(lock.stop_reading(other.reader), Outcome::done);
  EXPECT_EQ(lock.write(kNobody, 0), Outcome::done) << "a writer that gave up has left nothing";
  EXPECT_EQ(lock.writer(), ProcessKey::own());
  EXPECT_EQ(lock.read(kNobody, kShortNs).outcome, Outcome::timed_out);
  EXPECT_EQ(lock.readers(), 0U);
  EXPECT_EQ(lock.stop_writing(), Outcome::done);
  EXPECT_EQ(lock.stop_writing(), Outcome::not_owner);
}

TEST(SharedRwLock, AWriterThatWaitsKeepsNewReadersOut) {
  RwLock lock;
  WaitBoard board;
  const auto reading = lock.read(kNobody, 0);
  std::thread writer([&] {
    EXPECT_EQ(lock.write({&board, 1}, kPatienceNs), Outcome::done);
    EXPECT_EQ(lock.stop_writing(), Outcome::done);
  });
  await_waiters(board, 1);
  EXPECT_EQ(lock.read(kNobody, 0).outcome, Outcome::timed_out);
  EXPECT_EQ(lock.stop_reading(reading.reader), Outcome::done);
  writer.join();
}

TEST(SharedBarrier, LetsAllGoOnWhenTheLastHasComeRoundAfterRound) {
  Barrier barrier;
  std::atomic<int> arrived{0};
  run_threads(3, [&] {
    for (int round = 1; round <= 20; ++round) {
      ++arrived;
      ASSERT_EQ(barrier.arrive_and_wait(kNobody, 3, kPatienceNs), Outcome::done);
      EXPECT_GE(arrived, 3 * round);
    }
  });
  EXPECT_EQ(barrier.arrived(3), 0U);
}

TEST(SharedBarrier, DoesNotCountWhoseTimeIsUp) {
  Barrier barrier;
  WaitBoard board;
  EXPECT_EQ(barrier.arrive_and_wait(kNobody, 2, kShortNs), Outcome::timed_out);
  EXPECT_EQ(barrier.arrived(2), 0U);
  std::thread other([&] {
    EXPECT_EQ(barrier.arrive_and_wait({&board, 1}, 2, kPatienceNs), Outcome::done);
  });
  await_waiters(board, 1);
  EXPECT_EQ(barrier.arrived(2), 1U);
  EXPECT_EQ(barrier.arrive_and_wait(kNobody, 2, 0), Outcome::done);
  other.join();
}

}  // namespace
}  // namespace prefork::ipc
