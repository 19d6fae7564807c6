#include "server/http/error_form.h"

#include <gtest/gtest.h>

#include <string_view>
#include <vector>

namespace prefork::http {
namespace {

using FormFields = std::vector<Field>;

std::optional<ErrorForm> form_for(std::string_view accept) {
  const FormFields fields = {{"Accept", accept}};
  return named_form(fields);
}

TEST(ErrorForm, IsNoneWhereTheClientNamesNone) {
  EXPECT_EQ(named_form({}), std::nullopt);
  for (const std::string_view accept :
       {"", "*/*", "image/*,*/*;q=0.8", "text/html;q=0", "text/html;q=x", "json", "/", ",;,"}) {
    EXPECT_EQ(form_for(accept), std::nullopt) << accept;
  }
}

TEST(ErrorForm, IsTheOneThatIsNamed) {
  for (const std::string_view accept :
       {"application/json", "application/problem+json", "application/*", "application/vnd.a+json",
        "APPLICATION/JSON;charset=utf-8", "application/json, text/plain, */*"}) {
    EXPECT_EQ(form_for(accept), ErrorForm::json) << accept;
  }
  for (const std::string_view accept :
       {"text/html", "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8",
        "text/html;q=0.9, application/json;q=0.8", "text/html, application/*"}) {
    EXPECT_EQ(form_for(accept), ErrorForm::html) << accept;
  }
  EXPECT_EQ(form_for("text/plain"), ErrorForm::text);
  EXPECT_EQ(form_for("text/*"), ErrorForm::text);
}

TEST(ErrorForm, IsTheOneWithTheHighestWeightThenTheFirst) {
  EXPECT_EQ(form_for("text/html;q=0.5, application/json;q=0.6"), ErrorForm::json);
  EXPECT_EQ(form_for("text/html;q=0.5, application/json;q=0.5"), ErrorForm::html);
  EXPECT_EQ(form_for("application/*, text/html"), ErrorForm::html) << "a type before a range";
  const FormFields lines = {{"accept", "text/html;q=0.1"}, {"Accept", "application/json"}};
  EXPECT_EQ(named_form(lines), ErrorForm::json) << "several lines are one list";
}

}  // namespace
}  // namespace prefork::http
