// What processes exclude each other with and wait for, in every order: nobody sleeps whom nobody
// will wake, never are more inside than may, and who comes after a dead owner is told, wherever
// that one was killed.
#include <gtest/gtest.h>

#include <memory>

#include "ipc/shared/barrier.h"
#include "ipc/shared/event.h"
#include "ipc/shared/mutex.h"
#include "ipc/shared/once.h"
#include "ipc/shared/rw_lock.h"
#include "ipc/shared/semaphore.h"
#include "tests/model/exploring.h"

namespace prefork::model {
namespace {

using ipc::Outcome;

// What a lock protects: two words that are changed together.
struct Guarded {
  Inside inside;
  ipc::Atomic<int> first{0};
  ipc::Atomic<int> second{0};

  void change(Outcome outcome) {
    Explorer::require(outcome != Outcome::timed_out, "nobody gives it back");
    const bool told = outcome == Outcome::owner_died;
    inside.enter(told);
    Explorer::require(first.load() == second.load() || told, "half changed, and nobody is told");
    const int next = second.load() + 1;
    first.store(next);
    second.store(next);
    inside.leave();
  }
};

// --- mutex ---------------------------------------------------------------------------------------

struct WithMutex : Guarded {
  ipc::Mutex mutex;

  void use() {
    change(mutex.lock(kNobody, kPatienceNs));
    Explorer::require(mutex.unlock() == Outcome::done, "its owner cannot give it back");
  }
};

void prepare_mutex(Explorer& explorer, int processes, int times) {
  const auto shared = std::make_shared<WithMutex>();
  for (int i = 0; i < processes; ++i) {
    explorer.add_process([shared, times] {
      for (int n = 0; n < times; ++n) {
        shared->use();
      }
    });
  }
  explorer.at_end([shared] {
    shared->use();
    Explorer::require(shared->mutex.lock(kNobody, 0) == Outcome::done, "it is told twice");
  });
}

TEST(ModelOfMutex, ThreeTakeItInTurn) {
  expect_no_problem({.preemptions = 3}, [](Explorer& explorer) { prepare_mutex(explorer, 3, 1); });
}

TEST(ModelOfMutex, TwoTakeItTwice) {
  expect_no_problem({.preemptions = 3}, [](Explorer& explorer) { prepare_mutex(explorer, 2, 2); });
}

TEST(ModelOfMutex, OneOfThreeIsKilledAnywhere) {
  expect_no_problem({.preemptions = 2, .kills = 1},
                    [](Explorer& explorer) { prepare_mutex(explorer, 3, 1); });
}

TEST(ModelOfMutex, OneOfTwoIsKilledAnywhereAndPreemptedOften) {
  expect_no_problem({.preemptions = 3, .kills = 1},
                    [](Explorer& explorer) { prepare_mutex(explorer, 2, 1); });
}

TEST(ModelOfMutex, TwoOfThreeAreKilledAnywhere) {
  expect_no_problem({.preemptions = 1, .kills = 2},
                    [](Explorer& explorer) { prepare_mutex(explorer, 3, 1); });
}

// --- semaphore -----------------------------------------------------------------------------------

struct WithSemaphore {
  static constexpr std::uint32_t kUnits = 2;
  ipc::Semaphore semaphore;
  Inside inside;

  void use() {
    const auto acquired = semaphore.acquire(kNobody, kUnits, kPatienceNs);
    Explorer::require(acquired.outcome != Outcome::timed_out, "a unit is lost");
    inside.enter(acquired.outcome == Outcome::owner_died, kUnits);
    inside.leave();
    Explorer::require(semaphore.release(acquired.unit) == Outcome::done, "it is not its own");
  }
};

void prepare_semaphore(Explorer& explorer) {
  const auto shared = std::make_shared<WithSemaphore>();
  for (int i = 0; i < 3; ++i) {
    explorer.add_process([shared] { shared->use(); });
  }
  explorer.at_end([shared] {
    for (std::uint32_t i = 0; i < WithSemaphore::kUnits; ++i) {
      Explorer::require(shared->semaphore.acquire(kNobody, WithSemaphore::kUnits, 0).outcome !=
                            Outcome::timed_out,
                        "a unit is lost");
    }
  });
}

TEST(ModelOfSemaphore, TwoOfThreeAreInside) {
  expect_no_problem({.preemptions = 3}, prepare_semaphore);
}

TEST(ModelOfSemaphore, OneIsKilledAnywhere) {
  expect_no_problem({.preemptions = 2, .kills = 1}, prepare_semaphore);
}

// --- read-write lock -----------------------------------------------------------------------------

struct WithRwLock : Guarded {
  ipc::RwLock lock;

  void write() {
    change(lock.write(kNobody, kPatienceNs));
    Explorer::require(lock.stop_writing() == Outcome::done, "its writer cannot give it back");
  }
  void read() {
    const auto reading = lock.read(kNobody, kPatienceNs);
    Explorer::require(reading.outcome != Outcome::timed_out, "nobody lets readers in");
    const int one = first.load();
    Explorer::require(one == second.load() || reading.outcome == Outcome::owner_died,
                      "a reader sees half of a change");
    Explorer::require(lock.stop_reading(reading.reader) == Outcome::done, "it was no reader");
  }
};

void prepare_rw_lock(Explorer& explorer, int writers, int readers) {
  const auto shared = std::make_shared<WithRwLock>();
  for (int i = 0; i < writers; ++i) {
    explorer.add_process([shared] { shared->write(); });
  }
  for (int i = 0; i < readers; ++i) {
    explorer.add_process([shared] { shared->read(); });
  }
  explorer.at_end([shared] {
    shared->read();
    shared->write();
    Explorer::require(shared->lock.read(kNobody, 0).outcome == Outcome::done,
                      "a writer has had it, and it is still told");
  });
}

TEST(ModelOfRwLock, AWriterAndAReaderExcludeEachOther) {
  expect_no_problem({.preemptions = 4},
                    [](Explorer& explorer) { prepare_rw_lock(explorer, 1, 1); });
}

TEST(ModelOfRwLock, AWriterAndTwoReadersComeInTurn) {
  expect_no_problem({.preemptions = 2},
                    [](Explorer& explorer) { prepare_rw_lock(explorer, 1, 2); });
}

TEST(ModelOfRwLock, TwoWritersAndAReaderComeInTurn) {
  expect_no_problem({.preemptions = 2},
                    [](Explorer& explorer) { prepare_rw_lock(explorer, 2, 1); });
}

TEST(ModelOfRwLock, OneIsKilledAnywhere) {
  expect_no_problem({.preemptions = 1, .kills = 1},
                    [](Explorer& explorer) { prepare_rw_lock(explorer, 2, 1); });
  expect_no_problem({.preemptions = 2, .kills = 1},
                    [](Explorer& explorer) { prepare_rw_lock(explorer, 1, 1); });
}

// --- event, once, barrier ------------------------------------------------------------------------

TEST(ModelOfEvent, ReleasesAllWhoWaitOrComeLater) {
  expect_no_problem({.preemptions = 3}, [](Explorer& explorer) {
    const auto event = std::make_shared<ipc::Event>();
    for (int i = 0; i < 2; ++i) {
      explorer.add_process([event] {
        Explorer::require(event->wait(kNobody, kPatienceNs) == Outcome::done, "nobody is released");
      });
    }
    explorer.add_process([event] { event->set(); });
  });
}

struct WithOnce : Guarded {
  ipc::Once once;

  void use() {
    const auto turn = once.begin(kNobody, kPatienceNs);
    Explorer::require(turn != ipc::Once::Turn::timed_out, "nobody gets on with it");
    if (turn == ipc::Once::Turn::is_done) {
      Explorer::require(first.load() == 1 && second.load() == 1, "it is not done");
      return;
    }
    const bool told = turn == ipc::Once::Turn::yours_from_dead;
    inside.enter(told);
    Explorer::require(first.load() == 0 || told, "half done, and nobody is told");
    first.store(1);
    second.store(1);
    inside.leave();
    once.end(true);
  }
};

void prepare_once(Explorer& explorer) {
  const auto shared = std::make_shared<WithOnce>();
  for (int i = 0; i < 3; ++i) {
    explorer.add_process([shared] { shared->use(); });
  }
  explorer.at_end([shared] { shared->use(); });
}

TEST(ModelOfOnce, OneDoesItAndTheOthersWait) {
  expect_no_problem({.preemptions = 3}, prepare_once);
}

TEST(ModelOfOnce, OneIsKilledAnywhere) {
  expect_no_problem({.preemptions = 2, .kills = 1}, prepare_once);
}

void prepare_barrier(Explorer& explorer, int processes) {
  constexpr std::uint32_t kParties = 2;
  struct WithBarrier {
    ipc::Barrier barrier;
    int arrived = 0;
  };
  const auto shared = std::make_shared<WithBarrier>();
  for (int i = 0; i < processes; ++i) {
    explorer.add_process([shared] {
      ++shared->arrived;
      if (shared->barrier.arrive_and_wait(kNobody, kParties, kPatienceNs) == Outcome::done) {
        Explorer::require(shared->arrived >= 2, "one goes on alone");
      }
    });
  }
  explorer.at_end([shared] {
    Explorer::require(shared->barrier.arrive_and_wait(kNobody, kParties, 0) == Outcome::timed_out,
                      "somebody is counted who has gone");
  });
}

TEST(ModelOfBarrier, TwoMeet) {
  expect_no_problem({.preemptions = 3}, [](Explorer& explorer) { prepare_barrier(explorer, 2); });
}

TEST(ModelOfBarrier, OneIsKilledAnywhere) {
  expect_no_problem({.preemptions = 0, .kills = 1, .time_passes = true},
                    [](Explorer& explorer) { prepare_barrier(explorer, 3); });
  expect_no_problem({.preemptions = 1, .kills = 1, .time_passes = true},
                    [](Explorer& explorer) { prepare_barrier(explorer, 2); });
}

// Those who stay meet each other, or one of them has met one that was killed later.
TEST(ModelOfBarrier, TwoStillMeetWhenTwoAreKilled) {
  expect_no_problem({.preemptions = 0, .kills = 2}, [](Explorer& explorer) {
    struct WithBarrier {
      ipc::Barrier barrier;
      int met = 0;
    };
    const auto shared = std::make_shared<WithBarrier>();
    const auto arrive = [shared] {
      return shared->barrier.arrive_and_wait(kNobody, 2, kPatienceNs / 5) == Outcome::done;
    };
    for (int i = 0; i < 2; ++i) {
      explorer.add_process(arrive);
      explorer.add_thread([shared, arrive] { shared->met += arrive() ? 1 : 0; });
    }
    explorer.at_end([shared] { Explorer::require(shared->met != 0, "two wait and do not meet"); });
  });
}

}  // namespace
}  // namespace prefork::model
