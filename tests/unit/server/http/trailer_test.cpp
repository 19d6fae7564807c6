#include "server/http/trailer.h"

#include <gtest/gtest.h>

#include <string_view>

namespace prefork::http {
namespace {

TEST(Trailer, TakesWhatMayComeBehindTheContent) {
  for (const std::string_view name : {"Repr-Digest", "ETag", "Server-Timing", "X-Anything"}) {
    EXPECT_EQ(trailer_problem(name, "1"), nullptr) << name;
  }
}

TEST(Trailer, RefusesWhatFramesRoutesOrReadsTheMessage) {
  for (const std::string_view name :
       {"Content-Length", "TRANSFER-ENCODING", "Host", "Trailer", "Set-Cookie", "Content-Type",
        "Authorization", "If-None-Match", "Cache-Control", "Location", "Date"}) {
    EXPECT_STREQ(trailer_problem(name, "1"), "a field that belongs into the head") << name;
  }
  EXPECT_NE(trailer_problem("a b", "1"), nullptr);
  EXPECT_NE(trailer_problem("X", "1\r\nY: 2"), nullptr);
}

}  // namespace
}  // namespace prefork::http
