#include "config/values/cpu_affinity.h"

#include <gtest/gtest.h>

#include <string>

namespace prefork::config {
namespace {

using Mode = CpuAffinity::Mode;

TEST(CpuSets, AreReadAsTheKernelWritesThem) {
  EXPECT_EQ(parse_cpu_set("3").value(), (CpuSet{3}));
  EXPECT_EQ(parse_cpu_set("0-2,8").value(), (CpuSet{0, 1, 2, 8}));
  EXPECT_EQ(parse_cpu_set("8,0,1-2,2").value(), (CpuSet{0, 1, 2, 8})) << "in order, each once";
  EXPECT_EQ(parse_cpu_set("8191").value(), (CpuSet{8191}));
}

TEST(CpuSets, AreWrittenAsShortAsTheyCanBe) {
  EXPECT_EQ(to_text({}), "");
  EXPECT_EQ(to_text({3}), "3");
  EXPECT_EQ(to_text({0, 1, 2, 8}), "0-2,8");
  EXPECT_EQ(to_text({1, 3, 5}), "1,3,5");
}

TEST(CpuSets, ThatNobodyCanHaveAreRefused) {
  for (const char* text : {"", ",", "0,", ",1", "1-", "-1", "2-1", "a", "0x1", "1 2", "8192",
                           "0-99999999999999999999"}) {
    const auto cpus = parse_cpu_set(text);
    ASSERT_FALSE(cpus.ok()) << text;
    EXPECT_EQ(cpus.problem().text,
              "'" + std::string(text) + "' is not a list of CPUs such as 0-3,8");
  }
}

TEST(CpuAffinities, AreOffAutomaticOrAList) {
  EXPECT_EQ(parse_cpu_affinity("off").value(), CpuAffinity{});
  EXPECT_EQ(parse_cpu_affinity("auto").value(), (CpuAffinity{Mode::automatic, {}}));
  EXPECT_EQ(parse_cpu_affinity("0-1,4").value(), (CpuAffinity{Mode::list, {0, 1, 4}}));
  for (const char* text : {"off", "auto", "0-1,4"}) {
    EXPECT_EQ(parse_cpu_affinity(text).value().text(), text);
  }
}

TEST(CpuAffinities, ThatSayNothingAreRefusedWithWhatMayBeSaid) {
  const auto affinity = parse_cpu_affinity("all");
  ASSERT_FALSE(affinity.ok());
  EXPECT_EQ(affinity.problem().text,
            "'all' says nothing about CPUs; use off, auto or a list such as 0-3,8");
}

}  // namespace
}  // namespace prefork::config
