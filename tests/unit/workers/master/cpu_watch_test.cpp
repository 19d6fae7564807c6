// Whether a change of the CPU quota is noticed, in a cgroup made of files.
#include "workers/master/cpu_watch.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <chrono>
#include <filesystem>
#include <fstream>
#include <string>

namespace prefork::master {
namespace {

using namespace std::chrono_literals;

class CpuWatchTest : public ::testing::Test {
 protected:
  CpuWatchTest()
      : root_(std::filesystem::temp_directory_path() /
              ("cpu_watch_" + std::to_string(::getpid()))) {
    std::filesystem::create_directories(root_ / "proc/self");
    std::filesystem::create_directories(root_ / "sys/fs/cgroup/cpu");
  }
  ~CpuWatchTest() override { std::filesystem::remove_all(root_); }

  void write(const char* name, const std::string& text) const {
    std::ofstream(root_ / name) << text;
  }

  const std::filesystem::path root_;
  supervision::TimePoint now_{1000s};
};

TEST_F(CpuWatchTest, SaysWhatHasBecomeAnotherNumberOfWorkers) {
  if (config::affinity_cpus() < 2) {
    GTEST_SKIP() << "needs two CPUs";
  }
  write("proc/self/cgroup", "0::/\n");
  write("sys/fs/cgroup/cpu.max", "100000 100000\n");
  CpuWatch watch(root_);
  EXPECT_FALSE(watch.look(true, now_));
  write("sys/fs/cgroup/cpu.max", "150000 100000\n");
  EXPECT_FALSE(watch.look(true, now_)) << "not all the time";
  EXPECT_EQ(watch.deadline(), now_ + CpuWatch::kLookEvery);
  const auto change = watch.look(true, now_ + CpuWatch::kLookEvery);
  ASSERT_TRUE(change);
  EXPECT_EQ(change->before.workers, 1U);
  EXPECT_EQ(change->now.workers, 2U);
  EXPECT_NE(change->before.basis.find("CPU quota 1"), std::string::npos);
  EXPECT_NE(change->now.basis.find("CPU quota 1.5"), std::string::npos);
  EXPECT_FALSE(watch.look(true, now_ + 2 * CpuWatch::kLookEvery)) << "said once";
}

TEST_F(CpuWatchTest, ReadsVersion1AndKeepsWhatMakesNoDifference) {
  if (config::affinity_cpus() < 2) {
    GTEST_SKIP() << "needs two CPUs";
  }
  write("proc/self/cgroup", "4:cpu:/\n");
  write("sys/fs/cgroup/cpu/cpu.cfs_period_us", "100000\n");
  write("sys/fs/cgroup/cpu/cpu.cfs_quota_us", "50000\n");
  CpuWatch watch(root_);
  write("sys/fs/cgroup/cpu/cpu.cfs_quota_us", "100000\n");
  EXPECT_FALSE(watch.look(true, now_)) << "one worker as before";
  write("sys/fs/cgroup/cpu/cpu.cfs_quota_us", "-1\n");
  const auto change = watch.look(true, now_ + CpuWatch::kLookEvery);
  ASSERT_TRUE(change);
  EXPECT_NE(change->before.basis.find("CPU quota 1"), std::string::npos) << "not the half of it";
  EXPECT_EQ(change->now.workers, config::affinity_cpus());
}

TEST_F(CpuWatchTest, LooksAtNothingWhileNobodyWantsToKnow) {
  CpuWatch watch(root_);
  EXPECT_EQ(watch.deadline(), std::nullopt);
  EXPECT_FALSE(watch.look(false, now_));
  EXPECT_EQ(watch.deadline(), std::nullopt);
  watch.look(true, now_);
  EXPECT_TRUE(watch.deadline());
  watch.look(false, now_);
  EXPECT_EQ(watch.deadline(), std::nullopt);
}

}  // namespace
}  // namespace prefork::master
