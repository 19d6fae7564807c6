#include "config/sources/suggest.h"

#include <gtest/gtest.h>

#include <string>

namespace prefork::config {
namespace {

std::string nearest(std::string_view written, Level level = Level::command_line) {
  const OptionSpec* option = nearest_option(written, level);
  return option != nullptr ? std::string(option->name) : "nothing";
}

TEST(Suggest, FindsAMisspeltOptionInAnySpelling) {
  EXPECT_EQ(nearest("--wrokers"), "workers");
  EXPECT_EQ(nearest("limit_bdy"), "limit-body");
  EXPECT_EQ(nearest("TIMEOUT_KEEPALIVE"), "timeout-keep-alive");
  EXPECT_EQ(nearest("-workers"), "workers");
  EXPECT_EQ(nearest("--no-access-log"), "access-log");
  EXPECT_EQ(nearest("--access-logfile"), "access-log");
}

TEST(Suggest, FindsTheOnlyOptionThatStartsOrEndsSo) {
  EXPECT_EQ(nearest("-w"), "workers");
  EXPECT_EQ(nearest("--keep-alive"), "timeout-keep-alive");
  EXPECT_EQ(nearest("--max-requests"), "limit-max-requests");
}

TEST(Suggest, SaysNothingWhereItCouldOnlyGuess) {
  EXPECT_EQ(nearest("--"), "nothing");
  EXPECT_EQ(nearest("--timeout"), "nothing");
  EXPECT_EQ(nearest("-p"), "nothing");
  EXPECT_EQ(nearest("--frobnicate"), "nothing");
  EXPECT_EQ(nearest(std::string(100'000, 'x')), "nothing");
}

TEST(Suggest, NamesOnlyWhatThatSourceMaySet) {
  EXPECT_EQ(nearest("hlep", Level::command_line), "help");
  EXPECT_EQ(nearest("hlep", Level::environment), "nothing");
  EXPECT_EQ(nearest("confg", Level::environment), "config");
  EXPECT_EQ(nearest("confg", Level::file), "nothing");
}

}  // namespace
}  // namespace prefork::config
