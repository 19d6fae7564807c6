#include "config/checks/cpu_count.h"

#include <gtest/gtest.h>
#include <sched.h>

#include "config/options/options.h"
#include "tests/unit/config/config_support.h"

namespace prefork::config {
namespace {

class CgroupQuota : public testing::Test {
 protected:
  void groups(std::string_view text) { folder_.write("proc/self/cgroup", text); }
  void version_2(const std::string& group, std::string_view text) {
    folder_.write("sys/fs/cgroup" + group + "/cpu.max", text);
  }
  void version_1(const std::string& group, std::string_view quota_us, std::string_view period_us) {
    folder_.write("sys/fs/cgroup/" + group + "/cpu.cfs_quota_us", quota_us);
    folder_.write("sys/fs/cgroup/" + group + "/cpu.cfs_period_us", period_us);
  }
  std::optional<double> quota() const { return cgroup_cpu_quota(folder_.path()); }

  TemporaryFolder folder_;
};

TEST_F(CgroupQuota, IsNothingWithoutCgroups) { EXPECT_EQ(quota(), std::nullopt); }

TEST_F(CgroupQuota, IsReadFromVersion2) {
  groups("0::/shop.slice/shop.service\n");
  version_2("/shop.slice/shop.service", "150000 100000\n");
  EXPECT_EQ(quota(), 1.5);
}

TEST_F(CgroupQuota, IsNothingWhereVersion2SaysMax) {
  groups("0::/shop\n");
  version_2("/shop", "max 100000\n");
  EXPECT_EQ(quota(), std::nullopt);
}

TEST_F(CgroupQuota, IsTheSmallestOfAllGroupsAbove) {
  groups("0::/a/b/c\n");
  version_2("/a", "100000 100000\n");
  version_2("/a/b", "300000 100000\n");
  version_2("/a/b/c", "max 100000\n");
  EXPECT_EQ(quota(), 1.0);
}

TEST_F(CgroupQuota, IsReadAtTheRootOfAContainer) {
  groups("0::/\n");
  version_2("", "50000 100000\n");
  EXPECT_EQ(quota(), 0.5);
}

TEST_F(CgroupQuota, IsFoundWhenThePathIsTheHosts) {
  groups("0::/docker/0123456789ab\n");
  version_2("", "400000 100000\n");
  EXPECT_EQ(quota(), 4.0);
}

TEST_F(CgroupQuota, DoesNotClimbOutOfTheMount) {
  groups("0::/../other\n");
  version_2("/../other", "100000 100000\n");
  EXPECT_EQ(quota(), std::nullopt);
}

TEST_F(CgroupQuota, IsReadFromVersion1) {
  groups("7:memory:/shop\n4:cpu,cpuacct:/shop\n1:name=systemd:/shop\n");
  version_1("cpu,cpuacct/shop", "250000\n", "100000\n");
  EXPECT_EQ(quota(), 2.5);
}

TEST_F(CgroupQuota, IsFoundWhereTheCpuControllerIsMountedByItself) {
  groups("4:cpuacct,cpu:/shop\n");
  version_1("cpu/shop", "200000\n", "50000\n");
  EXPECT_EQ(quota(), 4.0);
}

TEST_F(CgroupQuota, IsNothingWhereVersion1SaysMinusOne) {
  groups("4:cpu:/shop\n");
  version_1("cpu/shop", "-1\n", "100000\n");
  EXPECT_EQ(quota(), std::nullopt);
}

TEST_F(CgroupQuota, DoesNotTakeTheCpusetForTheCpuController) {
  groups("4:cpuset:/shop\n");
  version_1("cpuset/shop", "100000\n", "100000\n");
  version_1("cpu/shop", "100000\n", "100000\n");
  EXPECT_EQ(quota(), std::nullopt);
}

TEST_F(CgroupQuota, IsFoundInTheUnifiedMountOfAHybridSystem) {
  groups("0::/shop\n");
  version_2("/unified/shop", "300000 100000\n");
  EXPECT_EQ(quota(), 3.0);
}

TEST_F(CgroupQuota, IsNothingWhereTheFilesMakeNoSense) {
  groups("0::/a\nnonsense\n4:cpu:/b\n0:half\n");
  version_1("cpu/b", "many\n", "100000\n");
  for (const char* text :
       {"", "\n", "100000\n", "100000 0\n", "0 100000\n", "-5 100000\n", "x y\n"}) {
    version_2("/a", text);
    EXPECT_EQ(quota(), std::nullopt) << text;
  }
}

TEST(AutoWorkers, AreTheSmallerOfAffinityAndQuotaRoundedUp) {
  EXPECT_EQ(choose_auto_workers(8, std::nullopt).workers, 8u);
  EXPECT_EQ(choose_auto_workers(8, 1.5).workers, 2u);
  EXPECT_EQ(choose_auto_workers(8, 2.0).workers, 2u);
  EXPECT_EQ(choose_auto_workers(2, 7.5).workers, 2u);
}

TEST(AutoWorkers, AreAtLeastOneAndAtMostTheLimit) {
  EXPECT_EQ(choose_auto_workers(4, 0.01).workers, 1u);
  EXPECT_EQ(choose_auto_workers(1'024, std::nullopt).workers, kMaxWorkers);
}

TEST(AutoWorkers, SayWhatTheyWereDerivedFrom) {
  EXPECT_EQ(choose_auto_workers(1, std::nullopt).basis, "1 CPU by affinity, no CPU quota");
  EXPECT_EQ(choose_auto_workers(8, 1.5).basis, "8 CPUs by affinity, CPU quota 1.5");
}

TEST(AutoWorkers, CountTheCpusThisProcessMayRunOn) {
  cpu_set_t before;
  ASSERT_EQ(sched_getaffinity(0, sizeof(before), &before), 0);
  EXPECT_EQ(affinity_cpus(), static_cast<std::uint32_t>(CPU_COUNT(&before)));

  cpu_set_t one;
  CPU_ZERO(&one);
  for (std::size_t cpu = 0; cpu < CPU_SETSIZE; ++cpu) {
    if (CPU_ISSET(cpu, &before) && CPU_COUNT(&one) == 0) CPU_SET(cpu, &one);
  }
  ASSERT_EQ(sched_setaffinity(0, sizeof(one), &one), 0);
  EXPECT_EQ(affinity_cpus(), 1u);
  ASSERT_EQ(sched_setaffinity(0, sizeof(before), &before), 0);
}

}  // namespace
}  // namespace prefork::config
