#include "workers/master/boot_failures.h"

#include <gtest/gtest.h>

namespace prefork::master {
namespace {

using namespace std::chrono_literals;

constexpr supervision::TimePoint kFailedAt{1000s};
const std::string kNoLicence = "could not boot: no licence";
const std::string kNoRoom = "could not boot: no room";

Lines errors(const std::vector<std::string>& texts) {
  Lines lines;
  for (const std::string& text : texts) {
    lines.push_back({config::LogLevel::error, text});
  }
  return lines;
}

TEST(BootFailures, OfOneReasonAreToldOnceWithTheirNumber) {
  BootFailures failures;
  for (const char* worker : {"worker 0", "worker 1", "worker 2"}) {
    failures.add(worker, kNoLicence, kFailedAt);
  }
  failures.add("worker 3", kNoRoom, kFailedAt);
  EXPECT_EQ(failures.take_all(), errors({"worker 0 could not boot: no licence (and 2 more workers)",
                                         "worker 3 could not boot: no room"}));
  EXPECT_EQ(failures.take_all(), Lines{});
}

TEST(BootFailures, WaitForAMomentToBeDecided) {
  BootFailures failures;
  failures.add("worker 0", kNoLicence, kFailedAt);
  EXPECT_EQ(failures.take_old(kFailedAt + 999ms), Lines{});
  failures.add("worker 1", kNoLicence, kFailedAt + 999ms);
  EXPECT_EQ(failures.take_old(kFailedAt + 1s),
            errors({"worker 0 could not boot: no licence (and 1 more worker)"}));
  failures.add("worker 2", kNoLicence, kFailedAt + 2s);
  EXPECT_EQ(failures.take_old(kFailedAt + 4s), Lines{}) << "that was told";
  EXPECT_EQ(failures.and_others(kNoLicence), " (and 2 more workers)");
}

TEST(BootFailures, LeaveTheReasonToTheLineThatGivesUp) {
  BootFailures failures;
  failures.add("worker 0", kNoLicence, kFailedAt);
  failures.add("worker 1", kNoRoom, kFailedAt);
  failures.add("worker 2", kNoLicence, kFailedAt);
  EXPECT_EQ(failures.take_others(kNoLicence), errors({"worker 1 could not boot: no room"}));
  EXPECT_EQ(failures.and_others(kNoLicence), " (and 1 more worker)");
  EXPECT_EQ(failures.and_others("could not boot: something else"), "");
}

}  // namespace
}  // namespace prefork::master
