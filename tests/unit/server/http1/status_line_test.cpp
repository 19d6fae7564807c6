#include "server/http1/status_line.h"

#include <gtest/gtest.h>

#include <string>

#include "server/http/status.h"

namespace prefork::http1 {
namespace {

TEST(StatusLine, ThereIsNoneForUnknownOrImpossibleCodes) {
  for (const int status : {-1, 0, 99, 299, 499, 599, 600, 1000, 1 << 30}) {
    EXPECT_EQ(status_line(status), "") << status;
  }
}

TEST(StatusLine, EachLineStartsWithItsOwnCodeAndEndsWithALineEnd) {
  int known = 0;
  for (int status = 0; status < 600; ++status) {
    const std::string line(status_line(status));
    if (line.empty()) {
      continue;
    }
    ++known;
    EXPECT_EQ(line, "HTTP/1.1 " + std::to_string(status) + " " +
                        std::string(http::reason_phrase(status)) + "\r\n");
    EXPECT_FALSE(http::reason_phrase(status).empty()) << status;
  }
  EXPECT_GT(known, 40);
}

TEST(StatusLine, TheCodesTheServerItselfAnswersWithHaveALine) {
  for (const int status :
       {100, 200, 204, 400, 404, 405, 408, 413, 414, 417, 431, 500, 501, 503, 505}) {
    EXPECT_NE(status_line(status), "") << status;
  }
}

}  // namespace
}  // namespace prefork::http1
