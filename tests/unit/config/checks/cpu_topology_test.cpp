#include "config/checks/cpu_topology.h"

#include <gtest/gtest.h>

#include <string>

#include "tests/unit/config/config_support.h"

namespace prefork::config {
namespace {

class Machine : public testing::Test {
 protected:
  void cpu(int number, const std::string& siblings) {
    folder_.write(
        "sys/devices/system/cpu/cpu" + std::to_string(number) + "/topology/thread_siblings_list",
        siblings + "\n");
  }

  TemporaryFolder folder_;
};

TEST_F(Machine, HasCoresOfTheThreadsThatShareThem) {
  cpu(0, "0,2");
  cpu(1, "1,3");
  cpu(2, "0,2");
  cpu(3, "1,3");
  EXPECT_EQ(cores_of({0, 1, 2, 3}, folder_.path()), (std::vector<CpuSet>{{0, 2}, {1, 3}}));
}

TEST_F(Machine, LeavesOutWhatMayNotBeUsed) {
  cpu(1, "0-1");
  cpu(2, "2-3");
  cpu(3, "2-3");
  EXPECT_EQ(cores_of({1, 2, 3}, folder_.path()), (std::vector<CpuSet>{{1}, {2, 3}}));
}

TEST_F(Machine, OfWhichNothingIsKnownHasACoreForEachCpu) {
  cpu(0, "");
  cpu(1, "nonsense");
  cpu(2, "7");
  EXPECT_EQ(cores_of({0, 1, 2, 3}, folder_.path()), (std::vector<CpuSet>{{0}, {1}, {2}, {3}}));
}

TEST_F(Machine, TellsWhichCpusAreOnline) {
  EXPECT_EQ(online_cpus(folder_.path()), CpuSet{});
  folder_.write("sys/devices/system/cpu/online", "0-3,6\n");
  EXPECT_EQ(online_cpus(folder_.path()), (CpuSet{0, 1, 2, 3, 6}));
}

}  // namespace
}  // namespace prefork::config
