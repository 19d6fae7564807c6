// What a collector answers: where the answer ends, and what the sender makes of it.
#include "workers/observer/collector_response.h"

#include <gtest/gtest.h>

#include <string>

namespace prefork::observer {
namespace {

const std::string kFine =
    "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{}";

TEST(CollectorResponses, AreThereOnceTheirLastByteIs) {
  for (std::size_t size = 0; size < kFine.size(); ++size) {
    EXPECT_FALSE(find_response(kFine.substr(0, size))) << size;
  }
  const auto response = find_response(kFine + "behind");
  ASSERT_TRUE(response);
  EXPECT_EQ(response->status, 200);
  EXPECT_EQ(response->size, kFine.size());
  EXPECT_TRUE(response->keeps_connection);
  EXPECT_FALSE(response->retry_after_s);
}

TEST(CollectorResponses, SayWhenToComeAgain) {
  const auto busy = find_response(
      "HTTP/1.1 503 Busy\r\nretry-after: 7\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
  EXPECT_EQ(busy->status, 503);
  EXPECT_EQ(busy->retry_after_s, 7U);
  EXPECT_FALSE(busy->keeps_connection);
  EXPECT_FALSE(
      find_response("HTTP/1.1 503 Busy\r\nRetry-After: Fri, 31 Dec 1999\r\n\r\n")->retry_after_s);
  EXPECT_FALSE(find_response("HTTP/1.1 503 Busy\r\nRetry-After: -1\r\n\r\n")->retry_after_s);
}

TEST(CollectorResponses, WhoseEndIsNotKnownEndTheConnection) {
  const auto keeps = [](const std::string& head) {
    return find_response(head + "\r\n\r\n")->keeps_connection;
  };
  EXPECT_FALSE(keeps("HTTP/1.1 200 OK"));
  EXPECT_FALSE(keeps("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked"));
  EXPECT_FALSE(keeps("HTTP/1.1 200 OK\r\nContent-Length: 0\r\nContent-Length: x"));
  EXPECT_FALSE(keeps("HTTP/1.1 200 OK\r\nContent-Length: 99999999999"));
  EXPECT_FALSE(keeps("HTTP/1.0 200 OK\r\nContent-Length: 0"));
  EXPECT_TRUE(keeps("HTTP/1.1 204 No Content"));
  EXPECT_TRUE(keeps("HTTP/1.1 400 Bad\r\nContent-Length: 0"));
}

TEST(CollectorResponses, BeginBehindInterimOnes) {
  EXPECT_FALSE(find_response("HTTP/1.1 100 Continue\r\n\r\n"));
  EXPECT_EQ(find_response("HTTP/1.1 100 Continue\r\n\r\n" + kFine)->status, 200);
}

TEST(CollectorResponses, ThatAreNoneHaveNoStatus) {
  for (const char* text : {"HTTP/2 200\r\n\r\n", "hello\r\n\r\n", "\r\n\r\n",
                           "HTTP/1.1 2x0\r\n\r\n", "HTTP/1.1 999 No\r\n\r\n", "HTTP/1.1\r\n\r\n"}) {
    EXPECT_EQ(find_response(text)->status, 0) << text;
    EXPECT_FALSE(find_response(text)->keeps_connection);
  }
}

}  // namespace
}  // namespace prefork::observer
