// What --admin-token reads, and what is refused.
#include "config/checks/admin_token.h"

#include "tests/unit/config/config_support.h"

namespace prefork::config {
namespace {

const std::string kSixteenBytes = "0123456789abcdef";

TEST(AdminToken, IsTheFirstLineOfTheFile) {
  const TemporaryFolder folder;
  for (const std::string& text : {kSixteenBytes, kSixteenBytes + "\n", " " + kSixteenBytes + "\r\n",
                                  kSixteenBytes + "\nand what people note below it\n"}) {
    const Options options = options_of({"--admin-token", folder.write("token", text)});
    EXPECT_EQ(options.admin.token, kSixteenBytes);
    EXPECT_EQ(options.admin.token_file, folder / "token");
    EXPECT_TRUE(options.admin.is_health_public);
    EXPECT_FALSE(options.admin.is_metrics_public);
  }
  const std::string longest(256, '~');
  EXPECT_EQ(options_of({"--admin-token", folder.write("token", longest)}).admin.token, longest);
}

TEST(AdminToken, ThatCanBeGuessedOrNotSentIsRefusedWithoutBeingTold) {
  const TemporaryFolder folder;
  const std::string path = folder / "token";
  for (const std::string& text :
       {std::string(), std::string("\n") + kSixteenBytes, std::string("0123456789abcde"),
        std::string(257, 'x'), std::string(2000, 'x'), std::string("0123456789 abcdef"),
        std::string("0123456789abcd\xc3\xa9"), std::string("0123456789abcdef\0", 17)}) {
    static_cast<void>(folder.write("token", text));
    EXPECT_EQ(errors_of({"--admin-token", path}),
              (Lines{"--admin-token: the first line of '" + path +
                     "' is no token: it has to have 16 to 256 visible ASCII characters and nothing "
                     "else, as from `openssl rand -hex 32`"}));
  }
  EXPECT_EQ(errors_of({"--admin-token", path + ".missing"}),
            (Lines{"--admin-token: file '" + path +
                   ".missing' cannot be read: No such file or directory"}));
  EXPECT_EQ(errors_of({"--admin-token", folder.path()}),
            (Lines{"--admin-token: file '" + folder.path().string() +
                   "' cannot be read: Is a directory"}));
}

TEST(AdminToken, IsRefusedWhereItHasNoEffect) {
  const TemporaryFolder folder;
  const std::string file = folder.write("token", kSixteenBytes);
  EXPECT_EQ(errors_of({"--admin", "off", "--admin-token", file}),
            (Lines{"--admin-token: has no effect while --admin is off (command line)"}));
  EXPECT_EQ(errors_of({"--admin-public", "metrics"}),
            (Lines{"--admin-public: has no effect without --admin-token: everything is shown; give "
                   "both or none"}));
  EXPECT_EQ(options_of({"--admin-token", "off"}).admin.token, "");
}

TEST(AdminPublic, IsOneOfTwoWordsOrBothOrNone) {
  const TemporaryFolder folder;
  const std::string file = folder.write("token", kSixteenBytes);
  const auto shown = [&file](const char* text) {
    return options_of({"--admin-token", file, "--admin-public", text}).admin;
  };
  EXPECT_TRUE(shown("health").is_health_public);
  EXPECT_FALSE(shown("health").is_metrics_public);
  EXPECT_FALSE(shown("metrics").is_health_public);
  EXPECT_TRUE(shown("metrics").is_metrics_public);
  EXPECT_TRUE(shown("metrics,health").is_health_public);
  EXPECT_TRUE(shown("metrics,health").is_metrics_public);
  EXPECT_FALSE(shown("off").is_health_public);
  EXPECT_FALSE(shown("off").is_metrics_public);
  EXPECT_EQ(errors_of({"--admin-public", "stats"}),
            (Lines{"--admin-public: 'stats' is nothing that strangers could be shown; use health, "
                   "metrics or off, as in health,metrics"}));
}

}  // namespace
}  // namespace prefork::config
