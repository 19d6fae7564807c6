// Workers and task processes that are killed within what they do with a job, at any instruction of
// it: the others go on, and of each job its worker knows what became of it.
#include <gtest/gtest.h>

#include <memory>
#include <random>
#include <vector>

#include "ipc/tasks/job_table.h"
#include "tests/inprocess/ipc/shared/killed_child.h"
#include "tests/unit/ipc/processes.h"

namespace prefork::ipc {
namespace {

using testing_ipc::ForkedChild;
using testing_ipc::kill_at_every_instruction;
using testing_ipc::kills;
using testing_ipc::SharedValue;
using Phase = JobWork::Phase;

constexpr TaskBoard::Shape kShape{1, 2, 64};

class JobKills : public testing::Test {
 protected:
  std::optional<std::uint32_t> submit() {
    JobOrder order;
    order.task = "x";
    order.argument = std::as_bytes(std::span(std::string_view("argument")));
    order.generation = 1;
    return jobs_->submit(order);
  }
  void begin_anew() {
    board_ = std::make_unique<TaskBoard>(kShape);
    jobs_ = std::make_unique<JobTable>(*board_);
  }
  void run_all() {
    while (const auto job = jobs_->take(1, 1)) {
      EXPECT_EQ(jobs_->begin(*job).argument, "argument");
      jobs_->finish(*job, JobEnd::done, "result");
    }
  }
  // All the room there is can be used.
  void expect_no_job_is_lost() {
    jobs_->sweep();
    std::vector<std::uint32_t> taken;
    while (const auto job = submit()) {
      taken.push_back(*job);
    }
    EXPECT_EQ(taken.size(), kShape.jobs);
    run_all();
    for (const std::uint32_t job : taken) {
      ASSERT_TRUE(jobs_->look(job).is(Phase::finished));
      EXPECT_EQ(jobs_->result(job).bytes, "result");
    }
  }

  std::unique_ptr<TaskBoard> board_;
  std::unique_ptr<JobTable> jobs_;
};

TEST_F(JobKills, AWorkerThatSubmitsHasSubmittedOrNot) {
  kill_at_every_instruction([&] { begin_anew(); }, [&] { submit(); },
                            [&] {
                              EXPECT_LE(jobs_->count(Phase::queued), 1U);
                              run_all();
                              expect_no_job_is_lost();
                            });
}

TEST_F(JobKills, AWorkerThatCollectsLeavesWhatItHasNot) {
  // The child is the worker of its job; another thread of it would have run it.
  kill_at_every_instruction([&] { begin_anew(); },
                            [&] {
                              const auto job = submit();
                              jobs_->take(1, 1);
                              jobs_->finish(*job, JobEnd::done, "result");
                              static_cast<void>(jobs_->result(*job));
                              jobs_->free(*job);
                            },
                            [&] { expect_no_job_is_lost(); });
}

TEST_F(JobKills, AProcessThatRunsAJobHasFinishedItOrIsFoundDeadInIt) {
  std::uint32_t job = 0;
  kill_at_every_instruction(
      [&] {
        begin_anew();
        job = *submit();
      },
      [&] {
        const auto taken = jobs_->take(1, 1);
        jobs_->begin(*taken);
        jobs_->finish(*taken, JobEnd::done, "result");
      },
      [&] {
        const JobWork work = jobs_->look(job);
        if (work.is(Phase::running)) {
          EXPECT_FALSE(work.runner().is_alive());
          EXPECT_TRUE(jobs_->retry(job, work.runner()));
        }
        run_all();
        ASSERT_TRUE(jobs_->look(job).is(Phase::finished));
        EXPECT_EQ(jobs_->result(job).end, JobEnd::done);
        EXPECT_EQ(jobs_->result(job).bytes, "result");
        jobs_->free(job);
        expect_no_job_is_lost();
      });
}

TEST_F(JobKills, ASweeperThatIsKilledIsSweptUpAfter) {
  kill_at_every_instruction(
      [&] {
        begin_anew();
        ForkedChild worker([&] {
          submit();
          submit();
        });
        worker.wait();
        const auto job = jobs_->take(1, 1);
        jobs_->finish(*job, JobEnd::done, "for nobody");
      },
      [&] { jobs_->sweep(); }, [&] { expect_no_job_is_lost(); });
}

// Everything at once: each job ends in exactly one way, and what was done was done once.
TEST_F(JobKills, ProcessesThatAreKilledAtRandomLoseNothingOfOthers) {
  begin_anew();
  std::mt19937 random{std::random_device{}()};
  SharedValue<std::atomic<std::uint64_t>> runs;
  const auto run = [&] {
    for (;;) {
      if (const auto job = jobs_->take(1, 1)) {
        jobs_->begin(*job);
        ++*runs;
        jobs_->finish(*job, JobEnd::done, "result");
      }
    }
  };
  std::unique_ptr<ForkedChild> runner;
  std::uint64_t done = 0;
  std::uint64_t crashed = 0;
  for (int i = 0; i < kills(60); ++i) {
    if (runner == nullptr) {
      runner = std::make_unique<ForkedChild>(run);
    }
    for (int j = 0; j < 20; ++j) {
      const auto job = submit();
      ASSERT_TRUE(job.has_value());
      if (j == 19) {
        for (auto spins = random() % 20'000; spins > 0; --spins) {
          std::atomic_signal_fence(std::memory_order_seq_cst);
        }
        runner->kill_and_wait();
        runner.reset();
      }
      JobWork work = jobs_->look(*job);
      while (runner != nullptr && !work.is(Phase::finished)) {
        work = jobs_->look(*job);
      }
      if (work.is(Phase::finished)) {
        EXPECT_EQ(jobs_->result(*job).bytes, "result");
        ++done;
      } else if (work.is(Phase::running)) {
        EXPECT_FALSE(work.runner().is_alive());
        EXPECT_TRUE(jobs_->bury(*job, work.runner()));
        ++crashed;
      } else {
        EXPECT_TRUE(jobs_->withdraw(*job));
      }
      jobs_->free(*job);
    }
  }
  EXPECT_GE(runs->load(), done);
  EXPECT_LE(runs->load(), done + crashed);
  expect_no_job_is_lost();
}

}  // namespace
}  // namespace prefork::ipc
