#include "workers/doctor/facts.h"

#include <gtest/gtest.h>

#include "tests/unit/config/config_support.h"

namespace prefork::doctor {
namespace {

TEST(Facts, AreReadFromProcAndSys) {
  const config::TemporaryFolder root;
  root.write("proc/self/cgroup", "0::/shop\n");
  root.write("proc/self/status", "Name:\tx\nCapEff:\t0000000000000400\n");
  root.write("proc/sys/net/core/somaxconn", "128\n");
  root.write("proc/sys/vm/overcommit_memory", "2\n");
  root.write("proc/sys/kernel/core_pattern", "core.%p\n");
  root.write("sys/fs/cgroup/shop/memory.max", "1048576\n");
  root.write("sys/fs/cgroup/shop/pids.max", "max\n");
  root.write("sys/kernel/mm/transparent_hugepage/enabled", "always [madvise] never\n");
  root.write("sys/devices/system/clocksource/clocksource0/current_clocksource", "tsc\n");
  root.write("dev/shm/x", "");
  const Facts facts = read_facts(root.path());
  EXPECT_TRUE(facts.may_bind_low_ports);
  EXPECT_EQ(facts.somaxconn, 128u);
  EXPECT_EQ(facts.overcommit, 2u);
  EXPECT_EQ(facts.core_pattern, "core.%p");
  EXPECT_EQ(facts.memory, 1'048'576u);
  EXPECT_EQ(facts.pids, std::nullopt);
  EXPECT_EQ(facts.huge_pages, "madvise");
  EXPECT_EQ(facts.clock_source, "tsc");
  EXPECT_TRUE(facts.shm_free);
}

TEST(Facts, AreFewerWhereThereIsNothingToRead) {
  const config::TemporaryFolder root;
  const Facts facts = read_facts(root.path());
  EXPECT_EQ(facts.somaxconn, std::nullopt);
  EXPECT_EQ(facts.memory, std::nullopt);
  EXPECT_EQ(facts.shm_free, std::nullopt);
  EXPECT_EQ(facts.huge_pages, "");
  EXPECT_TRUE(facts.has_memfd);
}

}  // namespace
}  // namespace prefork::doctor
