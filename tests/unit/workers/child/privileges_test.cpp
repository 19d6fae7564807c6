#include "workers/child/privileges.h"

#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

namespace prefork::child {
namespace {

const std::string kGivenUp =
    "Name:\tprefork-server\n"
    "Umask:\t0022\n"
    "Uid:\t33\t33\t33\t33\n"
    "Gid:\t34\t34\t34\t34\n"
    "FDSize:\t64\n"
    "Groups:\t35 34 \n"
    "CapInh:\t0000000000000000\n"
    "CapPrm:\t0000000000000000\n"
    "CapEff:\t0000000000000000\n"
    "CapBnd:\t0000000000000000\n"
    "CapAmb:\t0000000000000000\n"
    "NoNewPrivs:\t1\n";

const config::Account kAccount{33, 34, {34, 35}};

std::string with(const std::string& before, const std::string& after) {
  std::string status = kGivenUp;
  return status.replace(status.find(before), before.size(), after);
}

TEST(CheckStatus, IsFineWhereEverythingIsGivenUp) {
  const auto checked = check_status(kGivenUp, kAccount);
  EXPECT_TRUE(checked.ok()) << checked.problem().text;
}

TEST(CheckStatus, NamesWhatIsLeft) {
  const std::vector<std::pair<std::string, std::string>> cases = {
      {with("Uid:\t33\t33\t33\t33", "Uid:\t33\t33\t0\t33"), "it is user\t33\t33\t0\t33"},
      {with("Gid:\t34\t34\t34\t34", "Gid:\t34\t34\t34\t0"), "its group is\t34\t34\t34\t0"},
      {with("35 34", "0 34 35"), "its groups are\t0 34 35 "},
      {with("35 34 ", ""), "its groups are\t"},
      {with("CapEff:\t0000000000000000", "CapEff:\t0000000000000400"),
       "it has capabilities (CapEff:\t0000000000000400)"},
      {with("CapBnd:\t0000000000000000", "CapBnd:\t000001ffffffffff"),
       "it has capabilities (CapBnd:\t000001ffffffffff)"},
      {with("CapAmb:\t0000000000000000\n", ""), "it has capabilities (CapAmb:)"},
      {with("NoNewPrivs:\t1", "NoNewPrivs:\t0"),
       "it may get new privileges (no_new_privs is not set)"},
  };
  for (const auto& [status, problem] : cases) {
    const auto checked = check_status(status, kAccount);
    ASSERT_FALSE(checked.ok()) << status;
    EXPECT_EQ(checked.problem().text, problem);
  }
}

// As where there is no /proc.
TEST(CheckStatus, BelievesNothingThatItCannotRead) {
  EXPECT_FALSE(check_status("", kAccount).ok());
  EXPECT_FALSE(check_status("", config::Account{}).ok());
}

}  // namespace
}  // namespace prefork::child
