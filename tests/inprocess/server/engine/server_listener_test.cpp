// Connections that come through a listening socket, as a worker gets them.
#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include <chrono>
#include <string>
#include <vector>

#include "tests/inprocess/server/engine/http_harness.h"

namespace prefork::engine {
namespace {

using namespace testing_http;

class ServerListener : public HttpTest {
 protected:
  ServerListener() : socket_(::socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0)) {
    address_.sin_family = AF_INET;
    address_.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address_;
    EXPECT_EQ(::bind(socket_.get(), as_address(), size), 0);
    EXPECT_EQ(::listen(socket_.get(), 64), 0);
    EXPECT_EQ(::getsockname(socket_.get(), as_address(), &size), 0);
  }

  sockaddr* as_address() { return reinterpret_cast<sockaddr*>(&address_); }

  void serve() {
    server_ =
        std::make_unique<HttpServer>(loop_, settings_, router_, *record_, log_, hooks_, executor_);
    net::ListenerSpec listener;
    listener.fd = socket_.get();
    listener.peer_timeout = peer_timeout_;
    listener.outlives_service = outlives_service_;
    server_->start({listener});
  }

  // Connects; the kernel answers for the server, whether it accepts or not.
  Client dial() {
    ipc::OwnedFd socket(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    EXPECT_EQ(::connect(socket.get(), as_address(), sizeof address_), 0);
    EXPECT_EQ(::fcntl(socket.get(), F_SETFL, O_NONBLOCK), 0);
    return Client(std::move(socket));
  }

  // Over a network the answer takes its time, however short.
  std::string exchange_over_tcp(Client& client, std::string_view bytes, std::string_view end) {
    client.send(bytes);
    EXPECT_TRUE(turn_until([&] { return client.received().ends_with(end); }));
    return client.take();
  }

  sockaddr_in address_{};
  [[nodiscard]] int option(int level, int name) const {
    int value = -1;
    socklen_t size = sizeof value;
    EXPECT_EQ(::getsockopt(socket_.get(), level, name, &value, &size), 0);
    return value;
  }

  ipc::OwnedFd socket_;
  std::chrono::milliseconds peer_timeout_{0};
  bool outlives_service_ = false;
};

TEST_F(ServerListener, ItsConnectionsNoticeThatTheNetworkIsLostWithinTheTimeout) {
  peer_timeout_ = 60s;
  serve();
  EXPECT_EQ(option(SOL_SOCKET, SO_KEEPALIVE), 1);
  EXPECT_EQ(option(IPPROTO_TCP, TCP_KEEPIDLE), 15);
  EXPECT_EQ(option(IPPROTO_TCP, TCP_KEEPINTVL), 5);
  EXPECT_EQ(option(IPPROTO_TCP, TCP_USER_TIMEOUT), 60'000);
}

TEST_F(ServerListener, AVeryShortTimeoutProbesAsOftenAsTheKernelCan) {
  peer_timeout_ = 100ms;
  serve();
  EXPECT_EQ(option(IPPROTO_TCP, TCP_KEEPIDLE), 1);
  EXPECT_EQ(option(IPPROTO_TCP, TCP_KEEPINTVL), 1);
  EXPECT_EQ(option(IPPROTO_TCP, TCP_USER_TIMEOUT), 100);
}

TEST_F(ServerListener, AcceptsAndServes) {
  std::string peer;
  router_.add(http::Method::get, "/me", exchange::RunOn::loop,
              [&peer](const http::Request& request, http::Response&) {
                peer = ipc::to_string(request.peer);
              });
  serve();
  Client client = dial();
  EXPECT_EQ(exchange_over_tcp(client, get("/"), "root"), answer(200, "root"));
  exchange_over_tcp(client, get("/me"), "\r\n\r\n");
  sockaddr_in own{};
  socklen_t size = sizeof own;
  ASSERT_EQ(::getsockname(client.fd(), reinterpret_cast<sockaddr*>(&own), &size), 0);
  EXPECT_EQ(peer, "127.0.0.1:" + std::to_string(ntohs(own.sin_port)));
  EXPECT_EQ(count(ipc::Counter::connections_accepted), 1U);
  ASSERT_EQ(hooks_.placements.size(), 1U);
  EXPECT_TRUE(hooks_.placements[0].may_stay);
  EXPECT_EQ(hooks_.placements[0].about.requests, 0U);
}

TEST_F(ServerListener, AcceptsEverybodyWhoWaits) {
  std::vector<Client> clients;
  for (int i = 0; i < 40; ++i) {
    clients.push_back(dial());
  }
  serve();
  ASSERT_TRUE(turn_until([this] { return count(ipc::Counter::connections_accepted) == 40; }));
  EXPECT_EQ(server_->connection_count(), 40U);
}

TEST_F(ServerListener, AConnectionThatAnotherProcessGetsIsNotServedHere) {
  std::vector<ipc::OwnedFd> handed;
  hooks_.on_place = [&handed](int socket, const ipc::HandedConnection&) {
    handed.emplace_back(::fcntl(socket, F_DUPFD_CLOEXEC, 0));
    return Place::given;
  };
  serve();
  Client client = dial();
  ASSERT_TRUE(turn_until([&] { return handed.size() == 1; }));
  client.send(get("/"));
  turn();
  EXPECT_EQ(server_->connection_count(), 0U);
  EXPECT_EQ(client.take(), "");
  EXPECT_FALSE(client.at_any_end()) << "it lives on where it was given to";
  EXPECT_EQ(count(ipc::Counter::connections_handed_on), 1U);
  EXPECT_EQ(hooks_.connections_gone, 0) << "it never had a place here";
}

TEST_F(ServerListener, StoppingTheServiceServesThoseWhoWaitInTheQueue) {
  serve();
  Client client = dial();
  client.send(get("/"));
  server_->drain(DrainMode::close);
  ASSERT_TRUE(turn_until_end(client));
  EXPECT_EQ(client.take(), answer(200, "root", kClose));
  EXPECT_EQ(count(ipc::Counter::connections_accepted), 1U);
}

TEST_F(ServerListener, HandingOnLeavesTheQueueToOthers) {
  serve();
  Client client = dial();
  server_->drain(DrainMode::hand_off);
  turn();
  EXPECT_EQ(count(ipc::Counter::connections_accepted), 0U);
  EXPECT_EQ(hooks_.drained, 1);
  const ipc::OwnedFd accepted(::accept(socket_.get(), nullptr, nullptr));
  EXPECT_TRUE(accepted.valid()) << "the socket is the caller's, still open";
}

TEST_F(ServerListener, AServerThatLeavesAcceptsNobodyAndLeavesTheSocketToOthers) {
  serve();
  server_->drain(DrainMode::hand_off);
  const Client client = dial();
  const int ticks = hooks_.ticks;
  ASSERT_TRUE(turn_until([&] { return hooks_.ticks >= ticks + 2; }));
  EXPECT_EQ(count(ipc::Counter::connections_accepted), 0U);
}

TEST_F(ServerListener, AServiceThatStopsEndsTheListeningWhoeverHasACopyOfTheSocket) {
  serve();
  server_->drain(DrainMode::close);
  const ipc::OwnedFd socket(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  EXPECT_EQ(::connect(socket.get(), as_address(), sizeof address_), -1);
  EXPECT_EQ(errno, ECONNREFUSED);
}

TEST_F(ServerListener, ASocketThatTheServiceHasInheritedGoesOnListening) {
  outlives_service_ = true;
  serve();
  server_->drain(DrainMode::close);
  const Client client = dial();
}

TEST_F(ServerListener, AClientThatResetsItsConnectionHurtsNobody) {
  serve();
  {
    Client client = dial();
    EXPECT_EQ(exchange_over_tcp(client, get("/"), "root"), answer(200, "root"));
    const linger hard{1, 0};
    ASSERT_EQ(::setsockopt(client.fd(), SOL_SOCKET, SO_LINGER, &hard, sizeof hard), 0);
  }
  ASSERT_TRUE(turn_until([this] { return server_->connection_count() == 0; }));
  {
    const Client client = dial();
    const linger hard{1, 0};
    ASSERT_EQ(::setsockopt(client.fd(), SOL_SOCKET, SO_LINGER, &hard, sizeof hard), 0);
  }
  Client other = dial();
  EXPECT_EQ(exchange_over_tcp(other, get("/"), "root"), answer(200, "root"));
}

TEST_F(ServerListener, AClientThatResetsWhileItsJobRunsIsForgottenAtOnce) {
  HeldJobs held;
  executor_ = &held;
  serve();
  {
    Client client = dial();
    client.send(get("/slow"));
    ASSERT_TRUE(turn_until([&] { return held.jobs.size() == 1; }));
    const linger hard{1, 0};
    ASSERT_EQ(::setsockopt(client.fd(), SOL_SOCKET, SO_LINGER, &hard, sizeof hard), 0);
  }
  ASSERT_TRUE(turn_until([this] { return server_->connection_count() == 0; }));
  EXPECT_EQ(count(ipc::Counter::peer_resets), 1U);
  // Somebody else has its place when the job ends, and must not get its answer.
  Client other = dial();
  EXPECT_EQ(exchange_over_tcp(other, get("/"), "root"), answer(200, "root"));
  held.complete(*server_);
  turn();
  EXPECT_EQ(other.take(), "");
  EXPECT_EQ(gauge(ipc::Gauge::requests_in_progress), 0U);
}

}  // namespace
}  // namespace prefork::engine
