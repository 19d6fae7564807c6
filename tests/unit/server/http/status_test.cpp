#include "server/http/status.h"

#include <gtest/gtest.h>

#include <string>

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
    EXPECT_EQ(status_line(status), "") << status;
  }
}

TEST(Status, EachLineStartsWithItsOwnCodeAndEndsWithALineEnd) {
  int known = 0;
  for (int status = 0; status < 600; ++status) {
    const std::string line(status_line(status));
    if (line.empty()) {
      continue;
    }
    ++known;
    EXPECT_EQ(line, "HTTP/1.1 " + std::to_string(status) + " " +
                        std::string(reason_phrase(status)) + "\r\n");
    EXPECT_FALSE(reason_phrase(status).empty()) << status;
  }
  EXPECT_GT(known, 40);
}

TEST(Status, TheCodesTheServerItselfAnswersWithHaveALine) {
  for (const int status :
       {100, 200, 204, 400, 404, 405, 408, 413, 414, 417, 431, 500, 501, 503, 505}) {
    EXPECT_NE(status_line(status), "") << status;
  }
}

TEST(Status, OnlyInformationalNoContentAndNotModifiedNeverHaveContent) {
  for (int status = 100; status < 600; ++status) {
    EXPECT_EQ(is_bodyless(status), status < 200 || status == 204 || status == 304) << status;
  }
}

}  // namespace
}  // namespace prefork::http
