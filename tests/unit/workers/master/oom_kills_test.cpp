// How many processes of the cgroup the kernel has killed for want of memory.
#include "workers/master/oom_kills.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <string>

namespace prefork::master {
namespace {

TEST(OomKilled, IsReadWhereTheCgroupIs) {
  EXPECT_EQ(oom_file("0::/system.slice/shop.service\n"),
            "/sys/fs/cgroup/system.slice/shop.service/memory.events");
  EXPECT_EQ(oom_file("5:cpu,cpuacct:/a\n4:memory:/b\n0::/c\n"),
            "/sys/fs/cgroup/memory/b/memory.oom_control");
  EXPECT_EQ(oom_file(""), "");
  EXPECT_EQ(oom_file("nonsense\n:\n"), "");
}

TEST(OomKilled, IsCountedSinceTheLastTime) {
  const std::string path =
      std::filesystem::temp_directory_path() / ("oom_kills_" + std::to_string(::getpid()));
  std::ofstream(path) << "low 0\nhigh 3\nmax 9\noom 2\noom_kill 5\n";
  OomKills kills(path);
  EXPECT_EQ(kills.take_new(), 0U);
  std::ofstream(path) << "oom_kill_disable 0\nunder_oom 0\noom_kill 7\n";
  EXPECT_EQ(kills.take_new(), 2U);
  EXPECT_EQ(kills.take_new(), 0U);
  std::filesystem::remove(path);
  EXPECT_EQ(kills.take_new(), std::nullopt) << "nobody knows";
}

}  // namespace
}  // namespace prefork::master
