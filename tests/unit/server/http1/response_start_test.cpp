#include "server/http1/response_start.h"

#include <gtest/gtest.h>

#include <string>

#include "server/http1/status_line.h"

namespace prefork::http1 {
namespace {

std::string expected_ok(const http::FieldList& fields) {
  return std::string(status_line(200)).append(fields.wire());
}

TEST(ResponseStart, IsTheStatusLineOfTheMostFrequentAnswerAndTheFields) {
  http::DateCache fields({{"Server", "s"}, {"X-Fixed", "1"}});
  ResponseStart start(fields);
  const ResponseStart::Text text = start.refreshed();
  EXPECT_TRUE(text.ok.starts_with("HTTP/1.1 200 OK\r\nServer: s\r\nX-Fixed: 1\r\nDate: "))
      << text.ok;
  EXPECT_EQ(text.ok, expected_ok(text.fields));
}

TEST(ResponseStart, FollowsTheSecond) {
  http::DateCache fields({{"Server", "s"}});
  ResponseStart start(fields);
  fields.refresh(784111777);  // as if time had passed
  const ResponseStart::Text text = start.refreshed();
  EXPECT_EQ(text.ok, expected_ok(fields.fields()));
  EXPECT_EQ(text.ok.find("Sun, 06 Nov 1994"), std::string::npos);
}

TEST(ResponseStart, DoesWithoutAnyField) {
  http::DateCache fields({}, false);
  ResponseStart start(fields);
  EXPECT_EQ(start.refreshed().ok, "HTTP/1.1 200 OK\r\n");
}

}  // namespace
}  // namespace prefork::http1
