#include "config/checks/cpu_plan.h"

#include <gtest/gtest.h>

#include <utility>

namespace prefork::config {
namespace {

using Sets = std::vector<CpuSet>;

const CpuAffinity kAuto{CpuAffinity::Mode::automatic, {}};

CpuAffinity list_of(CpuSet cpus) { return {CpuAffinity::Mode::list, std::move(cpus)}; }

// Two cores of two threads each, all of them ours.
Cpus two_cores() { return {{0, 1, 2, 3}, {{0, 2}, {1, 3}}, {0, 1, 2, 3}, {}}; }

TEST(CpuPlans, AreNoneWhereNobodyAskedForOne) {
  const CpuPlan plan = choose_cpus({}, 2, two_cores()).value();
  EXPECT_EQ(plan.workers, Sets{});
  EXPECT_EQ(plan.basis, "");
}

TEST(CpuPlans, GiveEachWorkerAWholeCoreWhileThereIsOneForEach) {
  const CpuPlan plan = choose_cpus(kAuto, 2, two_cores()).value();
  EXPECT_EQ(plan.workers, (Sets{{0, 2}, {1, 3}}));
  EXPECT_EQ(plan.basis, "each worker has a core of its own, of CPUs 0-3");
}

TEST(CpuPlans, GiveEachWorkerACpuWhereThereAreMoreThanCores) {
  const CpuPlan plan = choose_cpus(kAuto, 3, two_cores()).value();
  EXPECT_EQ(plan.workers, (Sets{{0}, {1}, {2}, {3}})) << "different cores first";
  EXPECT_EQ(plan.basis, "each worker has a CPU of its own, of CPUs 0-3");
}

TEST(CpuPlans, AreNotMadeByThemselvesForMoreWorkersThanCpus) {
  const CpuPlan plan = choose_cpus(kAuto, 5, two_cores()).value();
  EXPECT_EQ(plan.workers, Sets{});
  EXPECT_EQ(plan.basis, "workers run on any CPU: there are more workers than CPUs");
}

TEST(CpuPlans, AreNotMadeByThemselvesUnderAQuotaOnCpusOfOthersToo) {
  Cpus cpus = two_cores();
  cpus.quota = 2.0;
  const CpuPlan plan = choose_cpus(kAuto, 2, cpus).value();
  EXPECT_EQ(plan.workers, Sets{});
  EXPECT_EQ(plan.basis,
            "workers run on any CPU: the cgroup has a CPU quota but no CPUs of its own");
  EXPECT_EQ(choose_cpus(list_of({0, 1, 2, 3}), 2, cpus).value().workers.size(), 2u)
      << "a list says it all the same";

  cpus.online = {0, 1, 2, 3, 4, 5, 6, 7};
  EXPECT_EQ(choose_cpus(kAuto, 2, cpus).value().workers, (Sets{{0, 2}, {1, 3}}))
      << "these are ours by cpuset";
}

TEST(CpuPlans, DealTheCpusOfAListInTurn) {
  Cpus cpus = two_cores();
  cpus.cores = {{1, 3}};
  const CpuPlan plan = choose_cpus(list_of({1, 3}), 3, cpus).value();
  EXPECT_EQ(plan.workers, (Sets{{1}, {3}}));
  EXPECT_EQ(plan.basis, "workers share the CPUs in turn, of CPUs 1,3");
  cpus.cores = {{1}};
  EXPECT_EQ(choose_cpus(list_of({1}), 1, cpus).value().basis,
            "each worker has a core of its own, of CPU 1");
}

TEST(CpuPlans, RefuseCpusThatThisProcessMayNotUse) {
  const auto plan = choose_cpus(list_of({0, 9, 10}), 1, two_cores());
  ASSERT_FALSE(plan.ok());
  EXPECT_EQ(plan.problem().text, "CPUs 9-10 cannot be used; this process may run on CPUs 0-3");
}

}  // namespace
}  // namespace prefork::config
