// An HttpServer on an event loop that the test itself turns, by a clock that the test sets, with
// clients at the other ends of socket pairs: bytes in, bytes out, nothing listens and nothing
// waits. When a test is over all clients go, and the server must be at rest again: no connection,
// no request. One thread, except for what a test's own executor does.
//
// With PREFORK_TEST_TRANSPORT=records in the environment every connection goes over a record layer
// instead of a plain socket; what is about sockets as such is left out then.
#pragma once

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/socket.h>

#include <cerrno>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "ipc/base/clock.h"
#include "ipc/base/monotonic.h"
#include "ipc/requests_in_flight.h"
#include "server/engine/http_server.h"
#include "server/http/status.h"
#include "server/http1/status_line.h"
#include "server/loop/event_loop.h"
#include "server/routing/router.h"
#include "tests/inprocess/server/engine/http_client.h"
#include "tests/inprocess/server/engine/server_doubles.h"
#include "tests/inprocess/server/net/record_transport.h"
#include "tests/support/set_clock.h"

namespace prefork::engine::testing_http {

using namespace std::chrono_literals;

// Long enough for a busy machine with a sanitizer; reached only when a test fails.
inline constexpr std::chrono::milliseconds kPatience{20'000};

inline bool uses_records() {
  const char* const transport = std::getenv("PREFORK_TEST_TRANSPORT");
  return transport != nullptr && std::string_view(transport) == "records";
}

// For tests that are about sockets: how many writes there are, which socket moves, what the kernel
// holds, or a client that cannot answer a demand because it does not read or sends no more.
#define PREFORK_SKIP_OVER_RECORDS()                \
  if (uses_records()) {                            \
    GTEST_SKIP() << "this is about plain sockets"; \
  }                                                \
  static_assert(true)

class HttpTest : public testing::Test {
 protected:
  HttpTest() : record_(std::make_unique<ipc::WorkerRecord>()) {
    router_.add(
        http::Method::get, "/", exchange::RunOn::loop,
        [](const http::Request&, http::Response& response) { response.set_static_body("root"); });
    const exchange::Handler echo = [](const http::Request& request, http::Response& response) {
      response.set_body(std::string(request.path) + " " + std::string(request.body));
    };
    router_.add(http::Method::post, "/echo", exchange::RunOn::loop, echo);
    router_.add(http::Method::get, "/echo", exchange::RunOn::loop, echo);
    router_.add(http::Method::get, "/slow", exchange::RunOn::pool, echo);
    router_.add(http::Method::post, "/slow", exchange::RunOn::pool, echo);
  }

  ~HttpTest() override { come_to_rest(); }

  // The server is made with the first use, so that a test can set things up before.
  HttpServer& server() {
    if (!server_) {
      server_ = std::make_unique<HttpServer>(loop_, settings_, router_, *record_, log_, hooks_,
                                             executor_);
      server_->start({});
    }
    return *server_;
  }

  // A pair of connected sockets, non-blocking.
  static std::pair<ipc::OwnedFd, ipc::OwnedFd> make_pair(int type = SOCK_STREAM) {
    int ends[2] = {-1, -1};
    EXPECT_EQ(::socketpair(AF_UNIX, type | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, ends), 0);
    return {ipc::OwnedFd(ends[0]), ipc::OwnedFd(ends[1])};
  }

  Client connect(std::uint32_t requests = 0) { return connect_over(make_pair(), requests); }
  // Each of the server's writes arrives as a packet of its own.
  Client connect_by_packets() { return connect_over(make_pair(SOCK_SEQPACKET)); }

  Client connect_over(std::pair<ipc::OwnedFd, ipc::OwnedFd> ends, std::uint32_t requests = 0) {
    ipc::HandedConnection about;
    about.requests = requests;
    about.peer.family = ipc::PeerAddress::Family::local;
    if (!uses_records()) {
      server().adopt(std::move(ends.first), about);
      return Client(std::move(ends.second));
    }
    server().adopt(std::move(ends.first), about, &records_);
    return Client(std::move(ends.second), [this] { turn(); });
  }

  // Lets the server do everything that can be done now. No time passes.
  void turn() { loop_.poll(); }

  // Turns the loop until something is so; when nothing else is left to do, time passes. False when
  // that takes unreasonably long.
  bool turn_until(const std::function<bool()>& is_so) {
    constexpr auto kStep = 5ms;
    const auto give_up = std::chrono::steady_clock::now() + kPatience;
    for (;;) {
      turn();
      if (is_so()) {
        return true;
      }
      if (std::chrono::steady_clock::now() > give_up) {
        return false;
      }
      if (has_threads_) {
        // They need the machine's time: ours goes no faster.
        const auto from = std::chrono::steady_clock::now();
        loop_.run_one_for(1'000'000);
        clock_.advance(std::chrono::steady_clock::now() - from);
      } else {
        clock_.advance(kStep);
      }
    }
  }
  bool turn_until_end(Client& client) {
    return turn_until([&client] { return client.at_any_end(); });
  }

  // Sends, lets the server work, and gives what came back.
  std::string exchange(Client& client, std::string_view bytes) {
    client.send(bytes);
    turn();
    return client.take();
  }

  // After a test's clients are gone.
  void come_to_rest() {
    if (!server_) {
      return;
    }
    turn();
    EXPECT_TRUE(turn_until([this] {
      return server_->connection_count() == 0 && gauge(ipc::Gauge::requests_in_progress) == 0;
    })) << "a connection outlived its client, or a request its job";
    EXPECT_EQ(gauge(ipc::Gauge::connections_active), 0U);
    EXPECT_EQ(gauge(ipc::Gauge::connections_idle), 0U);
    EXPECT_EQ(gauge(ipc::Gauge::requests_in_progress), 0U);
    EXPECT_EQ(count(ipc::Counter::connections_accepted) + count(ipc::Counter::connections_received),
              count(ipc::Counter::connections_closed) + count(ipc::Counter::connections_handed_on));
    EXPECT_EQ(static_cast<std::uint64_t>(hooks_.connections_gone), placed_here());
    EXPECT_EQ(in_flight(), "");
  }

  // "METHOD path phase" of each request in flight, a line each, and how many more there are.
  [[nodiscard]] std::string in_flight() const {
    const ipc::RequestsInFlight found = ipc::read_requests_in_flight(*record_);
    std::string lines;
    for (const ipc::RequestInFlight& one : found.named) {
      lines += one.request.method + " " + one.request.path + " ";
      lines.append(ipc::to_string(one.request.phase)).append("\n");
    }
    return found.more == 0 ? lines : lines + "and " + std::to_string(found.more) + " more\n";
  }

  [[nodiscard]] std::uint64_t count(ipc::Counter counter) const {
    return record_->counters.get(counter);
  }
  [[nodiscard]] std::uint64_t gauge(ipc::Gauge gauge) const { return record_->gauges.get(gauge); }
  template <unsigned kBits>
  [[nodiscard]] static std::uint64_t count_of(const ipc::LogHistogram<kBits>& histogram) {
    ipc::LogHistogramSnapshot<kBits> snapshot;
    snapshot.add(histogram);
    return snapshot.count();
  }
  // Connections that came here to stay.
  [[nodiscard]] std::uint64_t placed_here() const {
    return count(ipc::Counter::connections_accepted) + count(ipc::Counter::connections_received) -
           hooks_.given_fresh;
  }
  // Whether each request that was understood is in the latency histogram, once, and in that of its
  // route.
  void expect_a_latency_for_each_request() const {
    EXPECT_EQ(count_of(record_->latency), count(ipc::Counter::requests));
    ipc::DurationSnapshot by_route;
    for (const ipc::DurationHistogram& durations : record_->routes.durations) {
      by_route.add(durations);
    }
    EXPECT_EQ(by_route.count(), count(ipc::Counter::requests));
  }

  const net::testing_net::RecordTransportFactory records_;
  // Jobs measure themselves by the machine's clock: it begins beside it.
  test::SetClock clock_{ipc::monotonic_ns()};
  loop::EventLoop loop_{clock_};
  bool has_threads_ = false;  // which the test waits for
  ServerSettings settings_;
  routing::Router router_;
  std::unique_ptr<ipc::WorkerRecord> record_;
  exchange::AccessLog log_;
  FakeHooks hooks_;
  exchange::Executor* executor_ = nullptr;
  std::unique_ptr<HttpServer> server_;
};

// An answer as it goes over the wire; `fields` are whole lines that follow the length.
inline std::string answer(int status, std::string_view body, std::string_view fields = "") {
  std::string text(http1::status_line(status));
  text.append("Server: prefork-server\r\nDate: D\r\n");
  text.append("Content-Length: ").append(std::to_string(body.size())).append("\r\n");
  return text.append(fields).append("\r\n").append(body);
}

// The server's own words about an error.
inline std::string error_answer(int status, std::string_view detail, std::string_view fields = "") {
  std::string body = std::to_string(status) + " " + std::string(http::reason_phrase(status));
  if (!detail.empty()) {
    body.append(": ").append(detail);
  }
  body.append("\n");
  std::string text(http1::status_line(status));
  text.append("Server: prefork-server\r\nDate: D\r\nContent-Type: text/plain; charset=utf-8\r\n");
  text.append("Content-Length: ").append(std::to_string(body.size())).append("\r\n");
  return text.append(fields).append("\r\n").append(body);
}

inline constexpr std::string_view kClose = "Connection: close\r\n";

// Answered with 501 and the end of the connection.
inline const std::string kUnknownMethod = "FOO / HTTP/1.1\r\nHost: a\r\n\r\n";

inline std::string get(std::string_view path, std::string_view fields = "") {
  return "GET " + std::string(path) + " HTTP/1.1\r\nHost: a\r\n" + std::string(fields) + "\r\n";
}
inline std::string post(std::string_view path, std::string_view body,
                        std::string_view fields = "") {
  return "POST " + std::string(path) + " HTTP/1.1\r\nHost: a\r\n" + std::string(fields) +
         "Content-Length: " + std::to_string(body.size()) + "\r\n\r\n" + std::string(body);
}

inline std::string repeat(std::string_view text, std::size_t times) {
  std::string result;
  result.reserve(text.size() * times);
  for (std::size_t i = 0; i < times; ++i) {
    result.append(text);
  }
  return result;
}

}  // namespace prefork::engine::testing_http
