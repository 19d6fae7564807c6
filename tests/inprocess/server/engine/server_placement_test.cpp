// Where a connection is answered that this process has accepted: here, if its first message is
// short, and from the moment in which it comes to rest wherever it belongs.
#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <string>
#include <utility>
#include <vector>

#include "tests/inprocess/server/engine/http_harness.h"

namespace prefork::engine {
namespace {

using namespace testing_http;

class ServerPlacement : public HttpTest {
 protected:
  ServerPlacement() : socket_(::socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0)) {
    executor_ = &held_;
    hooks_.keeps = true;
    hooks_.on_relieve = [this](int socket, const ipc::HandedConnection& about) {
      return take(socket, about);
    };
    address_.sin_family = AF_INET;
    address_.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address_;
    EXPECT_EQ(::bind(socket_.get(), as_address(), size), 0);
    EXPECT_EQ(::listen(socket_.get(), 64), 0);
    EXPECT_EQ(::getsockname(socket_.get(), as_address(), &size), 0);
  }

  sockaddr* as_address() { return reinterpret_cast<sockaddr*>(&address_); }

  // As another process would get it: a duplicate.
  Place take(int socket, const ipc::HandedConnection& about) {
    handed_.emplace_back(about, ipc::OwnedFd(::fcntl(socket, F_DUPFD_CLOEXEC, 0)));
    return Place::given;
  }

  void serve() {
    server_ =
        std::make_unique<HttpServer>(loop_, settings_, router_, *record_, log_, hooks_, executor_);
    net::ListenerSpec listener;
    listener.fd = socket_.get();
    server_->start({listener});
  }

  // Connects and sends; all of it is there when the server looks.
  Client dial(std::string_view bytes = {}) {
    ipc::OwnedFd socket(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    EXPECT_EQ(::connect(socket.get(), as_address(), sizeof address_), 0);
    EXPECT_EQ(::fcntl(socket.get(), F_SETFL, O_NONBLOCK), 0);
    Client client(std::move(socket));
    client.send(bytes);
    return client;
  }
  bool turn_until_accepted(std::uint64_t connections) {
    return turn_until([&] { return count(ipc::Counter::connections_accepted) == connections; });
  }
  bool turn_until_received(Client& client, std::string_view end) {
    return turn_until([&] { return client.received().ends_with(end); });
  }

  sockaddr_in address_{};
  ipc::OwnedFd socket_;
  HeldJobs held_;
  std::vector<std::pair<ipc::HandedConnection, ipc::OwnedFd>> handed_;
};

TEST_F(ServerPlacement, ARequestThatIsThereIsAnsweredWhereItWasAcceptedAndItsConnectionEndsThere) {
  Client client = dial(get("/", "Connection: close\r\n"));
  serve();
  ASSERT_TRUE(turn_until_end(client));
  EXPECT_EQ(client.take(), answer(200, "root", kClose));
  EXPECT_EQ(hooks_.reliefs_offered, 0);
  EXPECT_TRUE(hooks_.placements.empty());
}

TEST_F(ServerPlacement, AConnectionThatStaysOpenIsMovedOnceItsFirstRequestIsAnswered) {
  Client client = dial(get("/"));
  serve();
  ASSERT_TRUE(turn_until_received(client, "root"));
  ASSERT_EQ(handed_.size(), 1U);
  EXPECT_EQ(handed_[0].first.requests, 1U);
  EXPECT_EQ(server_->connection_count(), 0U);
  EXPECT_EQ(count(ipc::Counter::connections_handed_on), 1U);
  EXPECT_FALSE(client.at_any_end()) << "the client notices nothing";
}

TEST_F(ServerPlacement, WhereItIsAlreadyItStaysAndIsNotOfferedAgain) {
  hooks_.on_relieve = nullptr;
  Client client = dial(get("/"));
  serve();
  ASSERT_TRUE(turn_until_received(client, "root"));
  EXPECT_EQ(hooks_.reliefs_offered, 1);
  client.take();
  client.send(get("/"));
  ASSERT_TRUE(turn_until_received(client, "root"));
  EXPECT_EQ(hooks_.reliefs_offered, 1);
}

TEST_F(ServerPlacement, OneThatSendsNothingIsMovedWithinSomeTicks) {
  Client client = dial();
  serve();
  ASSERT_TRUE(turn_until_accepted(1));
  EXPECT_TRUE(handed_.empty()) << "its request may be on its way";
  const int ticks = hooks_.ticks;
  ASSERT_TRUE(turn_until([&] { return handed_.size() == 1; }));
  EXPECT_LE(hooks_.ticks - ticks, 3);
  EXPECT_EQ(handed_[0].first.requests, 0U);
  EXPECT_EQ(server_->connection_count(), 0U);
}

TEST_F(ServerPlacement, APartOfARequestIsNeverGivenAway) {
  Client client = dial(get("/").substr(0, 10));
  serve();
  ASSERT_TRUE(turn_until_accepted(1));
  const int ticks = hooks_.ticks;
  ASSERT_TRUE(turn_until([&] { return hooks_.ticks >= ticks + 4; }));
  EXPECT_TRUE(handed_.empty());
  client.send(get("/").substr(10));
  ASSERT_TRUE(turn_until_received(client, "root"));
  EXPECT_EQ(handed_.size(), 1U);
}

TEST_F(ServerPlacement, WhoIsOccupiedHandsOnAtOnce) {
  Client slow = dial(get("/slow"));
  serve();
  ASSERT_TRUE(turn_until([this] { return held_.jobs.size() == 1; }));
  EXPECT_TRUE(hooks_.placements.empty());
  hooks_.on_place = [this](int socket, const ipc::HandedConnection& about) {
    return take(socket, about);
  };
  Client next = dial(get("/"));
  ASSERT_TRUE(turn_until([this] { return handed_.size() == 1; }));
  EXPECT_EQ(handed_[0].first.requests, 0U) << "unread";
  held_.complete(*server_);
  turn();
  EXPECT_EQ(slow.take(), answer(200, "/slow "));
}

TEST_F(ServerPlacement, ARequestThatComesWhileItIsOccupiedGoesOnUnread) {
  serve();
  Client waiting = dial();
  Client slow = dial(get("/slow"));
  ASSERT_TRUE(turn_until([this] { return held_.jobs.size() == 1; }));
  ASSERT_TRUE(handed_.empty());
  waiting.send(get("/slow"));
  ASSERT_TRUE(turn_until([this] { return handed_.size() == 1; }));
  EXPECT_EQ(handed_[0].first.requests, 0U);
  char first = 0;
  EXPECT_EQ(::recv(handed_[0].second.get(), &first, 1, MSG_PEEK), 1);
  EXPECT_EQ(first, 'G');
  EXPECT_EQ(held_.jobs.size(), 1U);
  held_.complete(*server_);
  turn();
}

TEST_F(ServerPlacement, MoreMayStayAfterShortConnectionsAndFewerAfterLongAnswers) {
  serve();
  const auto lead_after = [this](std::string_view request, std::uint64_t accepted) {
    Client client = dial(request);
    EXPECT_TRUE(turn_until_accepted(accepted));
    EXPECT_TRUE(turn_until([&] { return client.at_any_end() || !held_.jobs.empty(); }));
    return hooks_.last_lead;
  };
  const std::string is_short = get("/", "Connection: close\r\n");
  EXPECT_EQ(lead_after(is_short, 1), 1U);
  EXPECT_EQ(lead_after(is_short, 2), 2U);
  EXPECT_EQ(lead_after(is_short, 3), 3U);
  EXPECT_EQ(lead_after(get("/slow"), 4), 4U) << "it asks before it reads";
  held_.complete(*server_);
  ASSERT_TRUE(turn_until([this] { return server_->connection_count() == 0; }));
  EXPECT_EQ(lead_after(is_short, 5), 2U);
}

TEST_F(ServerPlacement, ARequestThatComesWhenTooManyWereKeptGoesOnUnread) {
  serve();
  Client waiting = dial();
  ASSERT_TRUE(turn_until_accepted(1));
  ASSERT_TRUE(handed_.empty());
  hooks_.ahead_by = 3;
  waiting.send(get("/"));
  ASSERT_TRUE(turn_until([this] { return handed_.size() == 1; }));
  EXPECT_EQ(handed_[0].first.requests, 0U);
}

TEST_F(ServerPlacement, WhoIsFullHandsOnAtOnce) {
  settings_.limits.connections = 1;
  hooks_.on_relieve = nullptr;
  Client first = dial(get("/"));
  serve();
  ASSERT_TRUE(turn_until_received(first, "root"));
  Client second = dial(get("/"));
  hooks_.on_place = [this](int socket, const ipc::HandedConnection& about) {
    return take(socket, about);
  };
  ASSERT_TRUE(turn_until([this] { return handed_.size() == 1; }));
  EXPECT_EQ(count(ipc::Counter::connections_refused), 0U);
}

}  // namespace
}  // namespace prefork::engine
