#include "server/http/status.h"

#include <gtest/gtest.h>

#include <algorithm>

namespace prefork::http {
namespace {

TEST(Status, NamesTheCodesOfTheSpecification) {
  EXPECT_EQ(reason_phrase(200), "OK");
  EXPECT_EQ(reason_phrase(404), "Not Found");
  EXPECT_EQ(reason_phrase(413), "Content Too Large");
  EXPECT_EQ(reason_phrase(414), "URI Too Long");
  EXPECT_EQ(reason_phrase(505), "HTTP Version Not Supported");
}

TEST(Status, HasNoPhraseForUnknownOrImpossibleCodes) {
  for (const int status : {-1, 0, 99, 299, 499, 599, 600, 1000, 1 << 30}) {
    EXPECT_EQ(reason_phrase(status), "") << status;
  }
}

TEST(Status, TheCodesAscend) {
  EXPECT_TRUE(std::ranges::is_sorted(kStatusPhrases, {}, &StatusPhrase::status));
}

TEST(Status, OnlyInformationalNoContentAndNotModifiedNeverHaveContent) {
  for (int status = 100; status < 600; ++status) {
    EXPECT_EQ(is_bodyless(status), status < 200 || status == 204 || status == 304) << status;
  }
}

}  // namespace
}  // namespace prefork::http
