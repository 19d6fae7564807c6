// More input at once than the server takes in one turn of its loop.
#include <gtest/gtest.h>
#include <sys/socket.h>

#include <string>
#include <utility>

#include "tests/inprocess/server/engine/http_harness.h"

namespace prefork::engine {
namespace {

using namespace testing_http;

class ConnectionFlood : public HttpTest {
 protected:
  // The kernel allows buffers of that size only to the superuser.
  std::pair<ipc::OwnedFd, ipc::OwnedFd> make_wide_pair() {
    auto ends = make_pair();
    const int size = 32 * 1024 * 1024;
    may_ = ::setsockopt(ends.second.get(), SOL_SOCKET, SO_SNDBUFFORCE, &size, sizeof size) == 0;
    return ends;
  }
  bool may_ = false;
};

TEST_F(ConnectionFlood, ALargeBodyThatIsThereAtOnceIsTakenInSeveralTurns) {
  settings_.limits.body = 4'000'000;
  Client client = connect_over(make_wide_pair());
  if (!may_) {
    GTEST_SKIP() << "needs to be root";
  }
  router_.add(http::Method::post, "/size", exchange::RunOn::loop,
              [](const http::Request& request, http::Response& response) {
                response.set_body(std::to_string(request.body.size()));
              });
  EXPECT_EQ(exchange(client, post("/size", std::string(4'000'000, 'x'))), answer(200, "4000000"));
}

TEST_F(ConnectionFlood, ALongPipelineThatIsThereAtOnceIsAnsweredInSeveralTurns) {
  Client client = connect_over(make_wide_pair());
  if (!may_) {
    GTEST_SKIP() << "needs to be root";
  }
  constexpr std::size_t kRequests = 20'000;
  client.send(repeat(get("/"), kRequests));
  ASSERT_TRUE(turn_until([&] {
    const std::size_t received = client.received().size();
    return count(ipc::Counter::requests) == kRequests && received == count(ipc::Counter::bytes_out);
  }));
  turn();
  EXPECT_TRUE(client.take() == repeat(answer(200, "root"), kRequests));
  expect_a_latency_for_each_request();
}

TEST_F(ConnectionFlood, EverythingBehindAnErrorIsDiscardedInSeveralTurns) {
  PREFORK_SKIP_OVER_RECORDS();
  Client client = connect_over(make_wide_pair());
  if (!may_) {
    GTEST_SKIP() << "needs to be root";
  }
  client.send(kUnknownMethod + std::string(4'000'000, 'x'));
  client.finish_sending();
  turn();
  EXPECT_EQ(client.take(), error_answer(501, "unknown method", kClose));
  EXPECT_TRUE(client.at_clean_end());
  EXPECT_EQ(server().connection_count(), 0U) << "heard out to the end";
}

}  // namespace
}  // namespace prefork::engine
