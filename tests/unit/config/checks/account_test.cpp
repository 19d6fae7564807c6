#include "config/checks/account.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>

#include "tests/unit/config/config_support.h"

namespace prefork::config {
namespace {

TEST(FindAccount, TakesNamesAndNumbers) {
  const auto by_name = find_account("nobody", "");
  ASSERT_TRUE(by_name.ok()) << by_name.problem().text;
  EXPECT_NE(by_name.value().uid, 0u);
  EXPECT_EQ(by_name.value(), find_account(std::to_string(by_name.value().uid), "").value());
  EXPECT_EQ(find_account("root", "").value().uid, 0u);
}

TEST(FindAccount, HasTheFirstGroupAmongTheOthersWhichAreInOrder) {
  const auto account = find_account("nobody", "54321");
  ASSERT_TRUE(account.ok()) << account.problem().text;
  EXPECT_EQ(account.value().gid, 54'321u);
  const auto& groups = account.value().groups;
  EXPECT_TRUE(std::is_sorted(groups.begin(), groups.end()));
  EXPECT_TRUE(std::binary_search(groups.begin(), groups.end(), 54'321u));
}

TEST(FindAccount, OfANumberThatNoEntryHasNeedsAGroup) {
  EXPECT_EQ(find_account("54321", "").problem().text,
            "user 54321 has no entry that names a group; give --group too");
  EXPECT_EQ(find_account("54321", "54322").value(), (Account{54'321, 54'322, {54'322}}));
}

TEST(FindAccount, SaysWhatThereIsNot) {
  EXPECT_EQ(find_account("no-such-user", "").problem().text,
            "there is no user 'no-such-user'; create it or name another");
  EXPECT_EQ(find_account("nobody", "no-such-group").problem().text,
            "--group: there is no group 'no-such-group'; create it or name another");
  // The last number stands for none, and would change nothing.
  EXPECT_FALSE(find_account("4294967295", "").ok());
  EXPECT_FALSE(find_account("nobody", "-1").ok());
}

TEST(ResolveAccount, IsNothingWithoutAUserAndForRoot) {
  EXPECT_FALSE(options_of({}).service.account);
  EXPECT_FALSE(options_of({"--user", "root"}).service.account);
  EXPECT_EQ(errors_of({"--group", "root"}),
            (Lines{"--group: has no effect without --user; give both or none"}));
  EXPECT_EQ(errors_of({"--user", "0", "--group", "nogroup"}),
            (Lines{"--group: root gives nothing up; leave --group out"}));
}

TEST(ResolveAccount, IsForRootAlone) {
  if (::geteuid() != 0) {
    const Lines errors = errors_of({"--user", "nobody"});
    ASSERT_EQ(errors.size(), 1u);
    EXPECT_NE(errors.front().find("--user: only root can become 'nobody'"),
              Lines::value_type::npos);
    return;
  }
  EXPECT_EQ(options_of({"--user", "nobody"}).service.account, find_account("nobody", "").value());
}

}  // namespace
}  // namespace prefork::config
