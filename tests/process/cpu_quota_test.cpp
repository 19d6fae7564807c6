// --workers auto: the number of workers follows the CPU quota of the cgroup while the server runs.
#include <gtest/gtest.h>

#include <sys/stat.h>
#include <unistd.h>

#include <fstream>
#include <string>

#include "tests/support/load.h"
#include "tests/support/server_process.h"

namespace prefork::test {
namespace {

// A cgroup of either version, made of files.
class CpuQuota : public testing::Test {
 protected:
  void SetUp() override {
    if (::geteuid() != 0) {
      GTEST_SKIP() << "needs root for a mount namespace";
    }
    if (::sysconf(_SC_NPROCESSORS_ONLN) < 2) {
      GTEST_SKIP() << "needs two CPUs";
    }
    for (const char* const name : {"cpu", "cpu,cpuacct"}) {
      ASSERT_EQ(::mkdir((folder_ / name).c_str(), 0755), 0);
      folder_.write(std::string(name) + "/cpu.cfs_period_us", "100000\n");
    }
    set_cpus(1);
  }

  void set_cpus(int cpus) const {
    const std::string quota = std::to_string(cpus * 100'000);
    folder_.write("cpu.max", quota + " 100000\n");
    folder_.write("cpu/cpu.cfs_quota_us", quota + "\n");
    folder_.write("cpu,cpuacct/cpu.cfs_quota_us", quota + "\n");
  }

  [[nodiscard]] Launch launch(const std::vector<std::string>& arguments) const {
    Launch launch = launch_of(arguments);
    launch.cgroup_folder = folder_.path();
    return launch;
  }

  TemporaryFolder folder_;
};

TEST_F(CpuQuota, ThatChangesChangesTheNumberOfWorkersWithoutAFailedRequest) {
  ServerProcess server(launch({"--workers", "auto"}));
  ASSERT_TRUE(server.wait_for_workers(1));
  Load load(server.url());
  set_cpus(2);
  EXPECT_TRUE(server.wait_for_workers(2)) << server.log();
  EXPECT_TRUE(server.has_logged(
      {"--workers auto: ", "CPU quota 2 (before: ", "CPU quota 1): 2 workers instead of 1"}));
  set_cpus(1);
  EXPECT_TRUE(server.wait_for_workers(1)) << server.log();
  const LoadReport told = load.stop();
  EXPECT_TRUE(told.failures.empty()) << told.first_failures();
}

TEST_F(CpuQuota, DoesNotMatterToANumberThatSomebodyHasChosen) {
  ServerProcess server(launch({"--workers", "1"}));
  set_cpus(2);
  pause_for(3 * kASecond);
  EXPECT_EQ(server.worker_pids().size(), 1U);
  EXPECT_EQ(server.times_logged("--workers auto"), 0U);
}

}  // namespace
}  // namespace prefork::test
