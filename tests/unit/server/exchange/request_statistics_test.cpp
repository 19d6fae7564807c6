#include "server/exchange/request_statistics.h"

#include <gtest/gtest.h>

#include <map>
#include <memory>

namespace prefork::exchange {
namespace {

class RequestStatisticsTest : public testing::Test {
 protected:
  void count(ipc::RouteLabel route, http::Method method, int status) {
    http::Request request;
    request.label = route;
    request.method = method;
    statistics_.count(&request, status, 1000);
  }
  [[nodiscard]] std::uint64_t counted(const ipc::RequestKind& kind) const {
    std::uint64_t found = 0;
    kinds_->for_each([&](const ipc::RequestKind& other, std::size_t place) {
      found += other == kind ? record_->requests.get(place) : 0;
    });
    return found;
  }

  std::unique_ptr<ipc::RouteRecord> record_ = std::make_unique<ipc::RouteRecord>();
  std::unique_ptr<ipc::RequestKinds> kinds_ = std::make_unique<ipc::RequestKinds>();
  RequestStatistics statistics_{*record_, {{ipc::kUnmatchedRoute, 7, 8}, kinds_.get()}};
};

TEST_F(RequestStatisticsTest, ARequestCountsForItsRoute) {
  RouteMatch match;
  EXPECT_EQ(statistics_.label_of(match), ipc::kUnmatchedRoute);
  match.is_file = true;
  EXPECT_EQ(statistics_.label_of(match), ipc::kFilesRoute);
  match.number = 2;
  EXPECT_EQ(statistics_.label_of(match), 8);
  match.number = 3;
  EXPECT_EQ(statistics_.label_of(match), ipc::kOtherRoute) << "one without a name";
}

TEST_F(RequestStatisticsTest, KindsAreToldApart) {
  for (int i = 0; i < 3; ++i) {
    count(7, http::Method::get, 200);
    count(7, http::Method::get, 404);
    count(8, http::Method::other, 200);
  }
  count(7, http::Method::get, 200);
  statistics_.count(nullptr, 400, 0);
  EXPECT_EQ(counted({7, 0, 200}), 4U);
  EXPECT_EQ(counted({7, 0, 404}), 3U);
  EXPECT_EQ(counted({8, 9, 200}), 3U);
  EXPECT_EQ(counted({ipc::kUnmatchedRoute, 9, 400}), 1U) << "could not be understood";
  ipc::SizeSnapshot sizes;
  sizes.add(record_->response_sizes);
  EXPECT_EQ(sizes.count(), 11U);
  EXPECT_EQ(sizes.sum, 10'000U);
}

TEST_F(RequestStatisticsTest, MoreKindsThanHaveRoomAreStillCounted) {
  std::uint64_t sent = 0;
  for (int round = 0; round < 2; ++round) {
    for (int status = 100; status <= 999; ++status) {
      for (ipc::RouteLabel route = 7; route <= 9; ++route) {
        count(route, http::Method::get, status);
        ++sent;
      }
    }
  }
  std::uint64_t found = 0;
  kinds_->for_each(
      [&](const ipc::RequestKind&, std::size_t place) { found += record_->requests.get(place); });
  EXPECT_EQ(found, sent);
  EXPECT_EQ(counted({7, 0, 100}), 2U);
}

}  // namespace
}  // namespace prefork::exchange
