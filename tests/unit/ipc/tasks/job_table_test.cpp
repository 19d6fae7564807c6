#include "ipc/tasks/job_table.h"

#include <gtest/gtest.h>

#include <csignal>
#include <map>
#include <thread>
#include <vector>

#include "tests/unit/ipc/processes.h"

namespace prefork::ipc {
namespace {

using testing_ipc::ForkedChild;
using testing_ipc::Gate;
using testing_ipc::stand_still;
using Phase = JobWork::Phase;

constexpr std::uint32_t kJobs = 4;

class JobTableTest : public testing::Test {
 protected:
  std::optional<std::uint32_t> submit(std::string_view task, std::string_view argument = "",
                                      JobPriority priority = JobPriority::normal,
                                      std::uint32_t generation = 1) {
    JobOrder order;
    order.task = task;
    order.argument = std::as_bytes(std::span(argument));
    order.priority = priority;
    order.generation = generation;
    return jobs_.submit(order);
  }
  std::string take_name(std::uint32_t generation = 1, std::uint32_t in_force = 1) {
    const auto job = jobs_.take(generation, in_force);
    return job ? jobs_.begin(*job).task : "";
  }
  // A process that takes a job and is killed with it; returns when it is dead.
  ProcessKey take_and_die() {
    testing_ipc::SharedValue<std::atomic<std::uint64_t>> key;
    ForkedChild runner([&] {
      *key = ProcessKey::own().bits();
      const auto job = jobs_.take(1, 1);
      jobs_.begin(*job);
      ::raise(SIGKILL);
    });
    runner.wait();
    return ProcessKey(key->load());
  }

  TaskBoard board_{{2, kJobs, 100}};
  JobTable jobs_{board_};
};

TEST_F(JobTableTest, AJobGoesToWhoTakesItAndComesBack) {
  const auto job = submit("resize", "an image");
  ASSERT_TRUE(job.has_value());
  EXPECT_TRUE(jobs_.look(*job).is(Phase::queued));
  ASSERT_EQ(jobs_.take(1, 1), job);
  EXPECT_TRUE(jobs_.look(*job).is(Phase::running));
  EXPECT_EQ(jobs_.running_by(::getpid()), job);
  const JobTable::Job taken = jobs_.begin(*job);
  EXPECT_EQ(taken.task, "resize");
  EXPECT_EQ(taken.argument, "an image");
  EXPECT_EQ(jobs_.take(1, 1), std::nullopt);
  jobs_.finish(*job, JobEnd::done, "a small one");
  EXPECT_TRUE(jobs_.look(*job).is(Phase::finished));
  const JobTable::Result result = jobs_.result(*job);
  EXPECT_EQ(result.end, JobEnd::done);
  EXPECT_EQ(result.bytes, "a small one");
  jobs_.free(*job);
  EXPECT_TRUE(jobs_.look(*job).is(Phase::idle));
}

TEST_F(JobTableTest, TakesTheOldestOfTheHighestPriority) {
  submit("low", "", JobPriority::low);
  submit("first");
  submit("second");
  submit("high", "", JobPriority::high);
  EXPECT_EQ(take_name(), "high");
  EXPECT_EQ(take_name(), "first");
  EXPECT_EQ(take_name(), "second");
  EXPECT_EQ(take_name(), "low");
  EXPECT_EQ(take_name(), "");
}

TEST_F(JobTableTest, HasNoRoomForMoreThanItsJobsUntilOneIsFreed) {
  for (std::uint32_t i = 0; i < kJobs; ++i) {
    ASSERT_TRUE(submit("x").has_value());
  }
  EXPECT_EQ(submit("x"), std::nullopt);
  const auto job = jobs_.take(1, 1);
  jobs_.finish(*job, JobEnd::done, "");
  EXPECT_EQ(submit("x"), std::nullopt) << "its result is to be collected";
  jobs_.free(*job);
  EXPECT_TRUE(submit("x").has_value());
}

TEST_F(JobTableTest, AJobIsRunByItsGenerationOrANewerOne) {
  submit("x", "", JobPriority::normal, 2);
  EXPECT_EQ(take_name(1, 2), "");
  EXPECT_EQ(take_name(3, 3), "x");
}

TEST_F(JobTableTest, AJobOfAGenerationThatWasGivenUpIsRunByTheOneInForce) {
  submit("x", "", JobPriority::normal, 2);
  EXPECT_EQ(take_name(1, 1), "x");
}

TEST_F(JobTableTest, OneThatWasWithdrawnIsNotTakenAndOneThatWasTakenIsNotWithdrawn) {
  const auto first = submit("x");
  EXPECT_TRUE(jobs_.withdraw(*first));
  EXPECT_EQ(take_name(), "");
  jobs_.free(*first);
  submit("y");
  const auto taken = jobs_.take(1, 1);
  EXPECT_FALSE(jobs_.withdraw(*taken));
}

TEST_F(JobTableTest, AResultThatIsTooLongIsAFailure) {
  const auto job = submit("x");
  jobs_.take(1, 1);
  jobs_.finish(*job, JobEnd::done, std::string(101, 'x'));
  const JobTable::Result result = jobs_.result(*job);
  EXPECT_EQ(result.end, JobEnd::failed);
  EXPECT_NE(result.bytes.find("its result has 101 bytes"), std::string::npos);
}

TEST_F(JobTableTest, WhatIsWrittenIntoItByOthersIsNotBelieved) {
  const auto job = submit("x", "abc");
  JobCell& cell = board_.cell(*job);
  for (auto& word : cell.name) {
    word = ~std::uint64_t{0};
  }
  cell.argument_bytes = 0xFFFFFFFF;
  cell.channel = 0xFFFFFFFF;
  ASSERT_EQ(jobs_.take(1, 1), job);
  const JobTable::Job taken = jobs_.begin(*job);
  EXPECT_EQ(taken.argument.size(), 100U);
  EXPECT_EQ(taken.task.size(), kMaxTaskNameBytes);
  jobs_.finish(*job, JobEnd::done, "fine");
  cell.result_bytes = 0xFFFFFFFF;
  cell.end = static_cast<JobEnd>(77);
  EXPECT_EQ(jobs_.result(*job).bytes.size(), 100U);
  EXPECT_EQ(jobs_.result(*job).end, JobEnd::failed);
}

TEST_F(JobTableTest, AJobWhoseProcessDiedIsRunAgainOrBuried) {
  const auto job = submit("x", "argument");
  const ProcessKey runner = take_and_die();
  EXPECT_EQ(jobs_.look(*job).runner(), runner);
  EXPECT_FALSE(runner.is_alive());
  EXPECT_EQ(jobs_.take(1, 1), std::nullopt) << "nobody runs it again by himself";
  EXPECT_TRUE(jobs_.retry(*job, runner));
  ASSERT_EQ(jobs_.take(1, 1), job);
  EXPECT_EQ(jobs_.begin(*job).argument, "argument");
  EXPECT_EQ(jobs_.attempts(*job), 2U);
  EXPECT_FALSE(jobs_.bury(*job, runner)) << "another one runs it";
}

TEST_F(JobTableTest, WhatADeadWorkerHasSubmittedIsNotRunButForWhatOutlivesIt) {
  ForkedChild worker([&] {
    submit("waited for");
    JobOrder order;
    order.task = "outlives";
    order.generation = 1;
    order.is_detached = true;
    jobs_.submit(order);
  });
  worker.wait();
  EXPECT_TRUE(jobs_.sweep().empty());
  EXPECT_EQ(jobs_.count(Phase::queued), 1U);
  EXPECT_EQ(take_name(), "outlives");
}

TEST_F(JobTableTest, WhatADeadWorkerWouldHaveCollectedIsFreed) {
  ForkedChild worker([&] { submit("x"); });
  worker.wait();
  const auto job = jobs_.take(1, 1);
  EXPECT_TRUE(jobs_.sweep().empty());
  EXPECT_TRUE(jobs_.look(*job).is(Phase::running)) << "it is not the sweeper's yet";
  jobs_.finish(*job, JobEnd::done, "for nobody");
  jobs_.sweep();
  EXPECT_TRUE(jobs_.look(*job).is(Phase::idle));
  for (std::uint32_t i = 0; i < kJobs; ++i) {
    EXPECT_TRUE(submit("x").has_value());
  }
}

TEST_F(JobTableTest, AJobWhoseWorkerAndProcessAreDeadIsToldOnce) {
  ForkedChild worker([&] { submit("x"); });
  worker.wait();
  const ProcessKey runner = take_and_die();
  const auto orphans = jobs_.sweep();
  ASSERT_EQ(orphans.size(), 1U);
  EXPECT_EQ(orphans[0].task, "x");
  EXPECT_EQ(orphans[0].runner, runner);
  EXPECT_TRUE(jobs_.sweep().empty());
}

TEST_F(JobTableTest, WhatIsDroppedSaysSo) {
  const auto job = submit("x");
  EXPECT_EQ(jobs_.drop_all(), 1U);
  EXPECT_EQ(jobs_.drop_all(), 0U);
  EXPECT_TRUE(jobs_.look(*job).is(Phase::finished));
  EXPECT_EQ(jobs_.result(*job).end, JobEnd::dropped);
}

TEST_F(JobTableTest, ManyProcessesAndThreadsRunEachJobOnce) {
  constexpr int kEach = 500;
  constexpr int kRunners = 3;
  testing_ipc::SharedValue<std::array<std::atomic<int>, 2 * kEach>> runs;
  testing_ipc::SharedValue<std::atomic<bool>> is_over;
  std::vector<ForkedChild> runners;
  for (int i = 0; i < kRunners; ++i) {
    runners.emplace_back([&] {
      while (!*is_over) {
        if (const auto job = jobs_.take(1, 1)) {
          const std::string argument = jobs_.begin(*job).argument;
          ++(*runs)[static_cast<std::size_t>(std::stoi(argument))];
          jobs_.finish(*job, JobEnd::done, argument);
        } else {
          std::this_thread::yield();
        }
      }
    });
  }
  const auto work = [this](int from) {
    for (int i = from; i < from + kEach; ++i) {
      const std::string argument = std::to_string(i);
      std::optional<std::uint32_t> job;
      while (!(job = submit("x", argument))) {
        std::this_thread::yield();
      }
      while (!jobs_.look(*job).is(Phase::finished)) {
        std::this_thread::yield();
      }
      EXPECT_EQ(jobs_.result(*job).bytes, argument);
      jobs_.free(*job);
    }
  };
  std::thread other([&] { work(kEach); });
  work(0);
  other.join();
  *is_over = true;
  for (ForkedChild& runner : runners) {
    EXPECT_EQ(runner.wait(), 0);
  }
  for (const auto& count : *runs) {
    EXPECT_EQ(count, 1);
  }
}

TEST(PoisonList, ATaskIsPoisonedAfterSomeDeathsWithinAMinuteForItsGeneration) {
  PoisonList list;
  constexpr std::uint64_t kSecond = 1'000'000'000;
  EXPECT_EQ(list.count_death("a", 1, 10 * kSecond), 1U);
  EXPECT_EQ(list.count_death("a", 1, 11 * kSecond), 2U);
  EXPECT_FALSE(list.has("a", 1));
  EXPECT_EQ(list.count_death("a", 1, 12 * kSecond), 3U);
  EXPECT_TRUE(list.has("a", 1));
  EXPECT_FALSE(list.has("b", 1));
  EXPECT_FALSE(list.has("a", 2)) << "a reload clears it";
  EXPECT_EQ(list.count_death("a", 2, 13 * kSecond), 1U);
}

TEST(PoisonList, DeathsThatAreFarApartDoNotAddUp) {
  PoisonList list;
  constexpr std::uint64_t kMinute = 60'000'000'000;
  for (std::uint64_t i = 1; i < 10; ++i) {
    EXPECT_EQ(list.count_death("a", 1, i * kMinute), 1U);
  }
  EXPECT_FALSE(list.has("a", 1));
}

TEST(PoisonList, WithMoreTasksThanItHasLinesItCountsNoFurtherOnes) {
  PoisonList list;
  for (std::size_t i = 0; i < PoisonList::kLines; ++i) {
    list.count_death(std::to_string(i), 1, 1);
  }
  for (int i = 0; i < 5; ++i) {
    EXPECT_EQ(list.count_death("one more", 1, 1), 1U);
  }
  EXPECT_FALSE(list.has("one more", 1));
}

}  // namespace
}  // namespace prefork::ipc
