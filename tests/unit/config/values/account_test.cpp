#include "config/values/account.h"

#include <gtest/gtest.h>

#include "config/values/file_mode.h"

namespace prefork::config {
namespace {

TEST(Account, IsTheSameAfterItsText) {
  for (const Account& account :
       {Account{33, 33, {}}, Account{1000, 5, {5}}, Account{65'534, 0, {4, 33, 4'294'967'294}}}) {
    const auto parsed = parse_account(account_text(account));
    ASSERT_TRUE(parsed.ok()) << account_text(account);
    EXPECT_EQ(parsed.value(), account);
  }
}

TEST(Account, IsNoOtherText) {
  for (const char* text :
       {"", "33", "33:", ":33:", "-1:0:", "a:1:", "1:2:x", "1:2:3,,4", "4294967296:0:", "1:2: 3"}) {
    EXPECT_FALSE(parse_account(text).ok()) << text;
  }
}

TEST(FileMode, IsOctalWithAtMostFourDigits) {
  EXPECT_EQ(parse_file_mode("027").value(), 027u);
  EXPECT_EQ(parse_file_mode("0777").value(), 0777u);
  EXPECT_EQ(parse_file_mode("0").value(), 0u);
  EXPECT_EQ(parse_file_mode("8").problem().text,
            "'8' is not a mode of a file; write it in octal digits, as 660 or 027");
  EXPECT_FALSE(parse_file_mode("00777").ok());
  EXPECT_EQ(parse_file_mode("1777").problem().text, "1777 is out of range; use 0 to 777");
  EXPECT_EQ(file_mode_text(7), "007");
}

}  // namespace
}  // namespace prefork::config
