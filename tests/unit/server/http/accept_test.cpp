#include "server/http/accept.h"

#include <gtest/gtest.h>

#include <vector>

namespace prefork::http {
namespace {

using Fields = std::vector<Field>;

bool takes_html(std::string_view accept) {
  return accepts_type(Fields{{"Accept", accept}}, "text/html");
}

TEST(Accept, TakesEverythingWithoutTheField) { EXPECT_TRUE(accepts_type({}, "text/html")); }

TEST(Accept, TakesWhatIsNamedAndWhatARangeCovers) {
  for (const std::string_view accept :
       {"text/html", "*/*", "text/*", "TEXT/HTML", "application/json, text/html;q=0.1",
        "text/html;level=1", "a/b,,*/* ;q=0.8", "text/html,*/*;q=0"}) {
    EXPECT_TRUE(takes_html(accept)) << accept;
  }
}

TEST(Accept, RefusesWhatIsNotNamedOrHasNoWeight) {
  for (const std::string_view accept :
       {"", "application/json", "image/*", "text/plain", "text/html;q=0", "text/html; q=0.000",
        "text/html;q=0, */*", "text/*;q=0, */*", "text", "text/htmlx", "text/htm", "*"}) {
    EXPECT_FALSE(takes_html(accept)) << accept;
  }
}

TEST(Accept, SeveralLinesAreOneList) {
  EXPECT_TRUE(accepts_type(Fields{{"Accept", "a/b"}, {"accept", "text/html"}}, "text/html"));
}

}  // namespace
}  // namespace prefork::http
