#include "config/values/log_format.h"

#include <gtest/gtest.h>

#include <string>
#include <string_view>
#include <vector>

namespace prefork::config {
namespace {

using Pieces = std::vector<LogPiece>;

Pieces pieces_of(std::string_view text) {
  const auto parsed = parse_log_format(text);
  EXPECT_TRUE(parsed.ok()) << parsed.problem().text;
  return parsed.ok() ? parsed.value().pieces : Pieces{};
}

std::string log_format_problem(std::string_view text) {
  const auto parsed = parse_log_format(text);
  EXPECT_FALSE(parsed.ok()) << text;
  return parsed.ok() ? "" : parsed.problem().text;
}

TEST(LogFormat, HasNamesForTheCommonForms) {
  EXPECT_EQ(parse_log_format("combined").value().pieces, combined_log_format().pieces);
  EXPECT_EQ(parse_log_format("combined").value().name, "combined");
  EXPECT_TRUE(parse_log_format("json").value().is_json);
}

TEST(LogFormat, IsATemplateOfTextAndVariables) {
  EXPECT_EQ(pieces_of("<$status> ${worker}x"), (Pieces{{LogVariable::text, "<"},
                                                       {LogVariable::status, ""},
                                                       {LogVariable::text, "> "},
                                                       {LogVariable::worker, ""},
                                                       {LogVariable::text, "x"}}));
  EXPECT_EQ(
      pieces_of("$$5 $status$$"),
      (Pieces{{LogVariable::text, "$5 "}, {LogVariable::status, ""}, {LogVariable::text, "$"}}));
  EXPECT_EQ(pieces_of("$http_User_Agent"), (Pieces{{LogVariable::header_field, "user-agent"}}));
}

TEST(LogFormat, SaysWhichVariableThereIsNoneOf) {
  EXPECT_TRUE(
      log_format_problem("$status $stauts").starts_with("there is no variable $stauts; there are "))
      << log_format_problem("$stauts");
  EXPECT_NE(log_format_problem("$upstream_addr").find("$remote_addr"), std::string::npos);
  EXPECT_TRUE(log_format_problem("$http_").starts_with("there is no variable $http_"));
  EXPECT_EQ(log_format_problem("cost: 5$"), "a $ has no name; $$ writes a dollar sign");
  EXPECT_EQ(log_format_problem("${status"), "a ${ has no }");
}

TEST(LogFormat, RefusesWhatIsNoFormat) {
  EXPECT_NE(log_format_problem("common").find("use combined, json or a template"),
            std::string::npos);
  EXPECT_EQ(log_format_problem("$status\n$worker"), "a line must not hold control characters");
  EXPECT_EQ(log_format_problem("$status" + std::string(3000, 'x')), "is longer than 2048 bytes");
}

}  // namespace
}  // namespace prefork::config
