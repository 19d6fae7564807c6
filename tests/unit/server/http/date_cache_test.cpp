#include "server/http/date_cache.h"

#include <gtest/gtest.h>

#include <ctime>
#include <string>

#include "server/http/http_date.h"

namespace prefork::http {
namespace {

TEST(DateCache, HoldsTheServerAndDateFieldsOfTheLastRefresh) {
  DateCache cache({{"Server", "some-name"}});
  cache.refresh(784111777);
  EXPECT_EQ(cache.fields().wire(), "Server: some-name\r\nDate: Sun, 06 Nov 1994 08:49:37 GMT\r\n");
  cache.refresh(784111778);
  EXPECT_EQ(cache.fields().wire(), "Server: some-name\r\nDate: Sun, 06 Nov 1994 08:49:38 GMT\r\n");
}

TEST(DateCache, KeepsItsTextWithinASecond) {
  DateCache cache({{"Server", "some-name"}});
  cache.refresh(784111777);
  const char* const before = cache.fields().wire().data();
  cache.refresh(784111777);
  EXPECT_EQ(cache.fields().wire().data(), before);
}

TEST(DateCache, FollowsAClockThatIsSetBack) {
  DateCache cache({{"Server", "x"}});
  cache.refresh(784111777);
  cache.refresh(0);
  EXPECT_EQ(cache.fields().wire(), "Server: x\r\nDate: Thu, 01 Jan 1970 00:00:00 GMT\r\n");
}

TEST(DateCache, HasADateBeforeTheFirstRefresh) {
  const DateCache cache({{"Server", "x"}});
  EXPECT_EQ(cache.fields().wire().size(), std::string("Server: x\r\nDate: ").size() + 31);
}

TEST(DateCache, KnowsThePresentSecondWheneverItIsAsked) {
  DateCache cache({{"Server", "x"}});
  cache.refresh(0);
  const std::time_t before = std::time(nullptr);
  const std::string_view date = cache.refreshed().wire().substr(17, 29);
  EXPECT_GE(parse_http_date(date, before), before) << date;
}

TEST(DateCache, CanDoWithoutADate) {
  const DateCache cache({{"A", "1"}}, false);
  EXPECT_EQ(cache.fields().wire(), "A: 1\r\n");
}

TEST(DateCache, CanBeTheDateAlone) {
  const DateCache cache({});
  EXPECT_TRUE(cache.fields().wire().starts_with("Date: "));
}

}  // namespace
}  // namespace prefork::http
