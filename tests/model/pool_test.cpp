// How jobs come to the threads of the pool, in every order: the sleepers as they are, and around
// them the steps of ThreadPool (submit(), start_submitted(), next_job()), whose mutex is played.
#include <gtest/gtest.h>

#include <array>
#include <memory>

#include "ipc/shared/event.h"
#include "tests/model/exploring.h"
#include "workers/pool/sleepers.h"

namespace prefork::model {
namespace {

using pool::Sleepers;

class Lock {
 public:
  void lock() {
    while (held_.exchange(1) != 0) {
      Explorer::wait(&held_, 1, 0);
    }
  }
  void unlock() {
    held_.store(0);
    Explorer::wake(&held_, 1);
  }

 private:
  ipc::Atomic<std::uint32_t> held_{0};
};

enum class Fault { none, sleeps_without_looking_again, takes_without_waking_the_next };

class Pool {
 public:
  static constexpr int kThreads = 2;

  Pool(int jobs_at_once, Fault fault) : jobs_at_once_(jobs_at_once), fault_(fault) {}

  void submit(int jobs) {
    lock_.lock();
    queued_ += jobs;
    lock_.unlock();
    lock_.lock();
    Sleepers::Bed* const next = see_to_queue();
    lock_.unlock();
    wake(next);
  }

  void run(std::size_t thread) {
    Sleepers::Bed& bed = beds_[thread];
    for (;;) {
      lock_.lock();
      while (queued_ == 0) {
        if (fault_ == Fault::sleeps_without_looking_again) {
          lock_.unlock();
          lock_.lock();
        }
        sleepers_.lie_down(bed);
        lock_.unlock();
        Sleepers::sleep(bed);
        lock_.lock();
        sleepers_.got_up();
      }
      --queued_;
      Sleepers::Bed* const next =
          fault_ == Fault::takes_without_waking_the_next ? nullptr : see_to_queue();
      lock_.unlock();
      wake(next);
      work();
    }
  }

  [[nodiscard]] int done() const { return done_; }

 private:
  Sleepers::Bed* see_to_queue() { return queued_ != 0 ? sleepers_.rise() : nullptr; }
  static void wake(Sleepers::Bed* bed) {
    if (bed != nullptr) {
      Sleepers::wake(*bed);
    }
  }
  // Ends when so many have begun: only if each that waits is given a thread while there is one.
  void work() {
    if (++begun_ == jobs_at_once_) {
      all_at_work_.set();
    }
    all_at_work_.wait(kNobody, kPatienceNs);
    ++done_;
  }

  const int jobs_at_once_;
  const Fault fault_;
  Lock lock_;
  Sleepers sleepers_;
  int queued_ = 0;
  std::array<Sleepers::Bed, kThreads> beds_;
  ipc::Event all_at_work_;
  int begun_ = 0;
  int done_ = 0;
};

// Threads of the pool sleep for good at the end, with nothing left to do.
void prepare_pool(Explorer& explorer, int submitters, int jobs_each, Fault fault) {
  const int jobs = submitters * jobs_each;
  const auto pool = std::make_shared<Pool>(std::min(jobs, Pool::kThreads), fault);
  for (std::size_t thread = 0; thread < Pool::kThreads; ++thread) {
    explorer.add_idle_thread([pool, thread] { pool->run(thread); });
  }
  for (int i = 0; i < submitters; ++i) {
    explorer.add_thread([pool, jobs_each] { pool->submit(jobs_each); });
  }
  explorer.at_end([pool, jobs] {
    Explorer::require(pool->done() == jobs, "a job waits although a thread is free");
  });
}

TEST(ModelOfPool, EveryJobHasAThreadAsLongAsThereIsOne) {
  expect_no_problem({.preemptions = 2},
                    [](Explorer& explorer) { prepare_pool(explorer, 1, 2, Fault::none); });
  expect_no_problem({.preemptions = 1},
                    [](Explorer& explorer) { prepare_pool(explorer, 2, 1, Fault::none); });
}

TEST(ModelOfPool, AThreadThatFallsAsleepWithoutLookingAgainIsFound) {
  const Report report = explore({.preemptions = 2}, [](Explorer& explorer) {
    prepare_pool(explorer, 2, 1, Fault::sleeps_without_looking_again);
  });
  EXPECT_NE(report.problem.find("a job waits although a thread is free"), std::string::npos);
}

TEST(ModelOfPool, AThreadThatHasNobodyWokenIsFound) {
  const Report report = explore({.preemptions = 2}, [](Explorer& explorer) {
    prepare_pool(explorer, 1, 2, Fault::takes_without_waking_the_next);
  });
  EXPECT_NE(report.problem.find("a job waits although a thread is free"), std::string::npos);
}

}  // namespace
}  // namespace prefork::model
