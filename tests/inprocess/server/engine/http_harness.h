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

#include <array>
#include <cctype>
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
#include "tests/inprocess/server/net/record_transport.h"

namespace prefork::engine::testing_http {

using namespace std::chrono_literals;

// Long enough for a busy machine with a sanitizer; reached only when a test fails.
inline constexpr std::chrono::milliseconds kPatience{20'000};

// Stands still until the test sets it forward.
class TestClock final : public ipc::Clock {
 public:
  [[nodiscard]] std::uint64_t now_ns() const override { return now_ns_; }
  void advance(std::chrono::nanoseconds time) {
    now_ns_ += static_cast<std::uint64_t>(time.count());
  }

 private:
  // Jobs measure themselves by the machine's clock: begin beside it.
  std::uint64_t now_ns_ = ipc::monotonic_ns();
};

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

// The client's end of a connection. Never blocks.
class Client {
 public:
  // `turn`: lets the server work, for a record layer whose peers wait for each other.
  explicit Client(ipc::OwnedFd socket, std::function<void()> turn = nullptr)
      : socket_(std::move(socket)), turn_(std::move(turn)) {
    if (turn_) {
      records_ = std::make_unique<net::testing_net::RecordClient>(socket_.get());
      records_->shake_hands(turn_);
      read();
    }
  }

  // Sends all of it; the test fails when the server's side has no room.
  void send(std::string_view bytes) {
    const std::size_t sent = send_some(bytes);
    EXPECT_EQ(sent, bytes.size()) << "the server does not take what the test sends";
  }

  // Sends what there is room for and says how much that was.
  std::size_t send_some(std::string_view bytes) {
    if (records_) {
      return records_->send_some(bytes);
    }
    std::size_t sent = 0;
    while (sent < bytes.size()) {
      const ssize_t size =
          ::send(socket_.get(), bytes.data() + sent, bytes.size() - sent, MSG_NOSIGNAL);
      if (size <= 0) {
        break;
      }
      sent += static_cast<std::size_t>(size);
    }
    return sent;
  }

  // Reads what has come. `once`: with one call, which on a packet socket is one write of the
  // server.
  void read(bool once = false) {
    if (records_ && records_->is_finishing()) {
      finish_sending();
    } else if (records_) {
      records_->flush();
    }
    std::array<char, 256 * 1024> room;
    while (socket_.valid() && end_ == End::none) {
      const ssize_t size = ::recv(socket_.get(), room.data(), room.size(), 0);
      if (size > 0) {
        take({room.data(), static_cast<std::size_t>(size)});
      } else if (size == 0) {
        end_ = End::clean;
      } else if (errno != EAGAIN) {
        end_ = End::reset;
      }
      if (once || size <= 0) {
        return;
      }
    }
  }

  // What has come since the last call, with each date replaced by "D".
  std::string take() {
    read();
    return normalized(std::exchange(received_, {}));
  }
  std::string take_one_write() {
    read(true);
    return normalized(std::exchange(received_, {}));
  }

  [[nodiscard]] const std::string& received() {
    read();
    return received_;
  }
  // The server closed or finished its side: cleanly, or with a reset that can cost the client what
  // it has not read yet.
  [[nodiscard]] bool at_clean_end() {
    read();
    return end_ == End::clean;
  }
  [[nodiscard]] bool at_any_end() {
    read();
    return end_ != End::none;
  }

  void finish_sending() {
    if (records_ && !records_->finish()) {
      return;  // with a later read
    }
    ::shutdown(socket_.get(), SHUT_WR);
  }
  void close() { socket_.reset(); }
  [[nodiscard]] int fd() const { return socket_.get(); }

 private:
  enum class End : std::uint8_t { none, clean, reset };

  void take(std::string_view bytes) {
    if (!records_) {
      received_.append(bytes);
      return;
    }
    if (records_->take(bytes, received_)) {
      end_ = End::clean;
    }
    if (records_->has_answered()) {
      turn_();
    }
  }

  // "Sun, 06 Nov 1994 08:49:37 GMT", as far as the shape goes (RFC 9110 section 5.6.7).
  static bool is_date(std::string_view text) {
    constexpr std::string_view kShape = "Aaa, 00 Aaa 0000 00:00:00 GMT";
    if (text.size() != kShape.size() || !text.ends_with("GMT")) {
      return false;
    }
    for (std::size_t i = 0; i < text.size(); ++i) {
      const auto byte = static_cast<unsigned char>(text[i]);
      const char shape = std::isupper(byte) != 0   ? 'A'
                         : std::islower(byte) != 0 ? 'a'
                         : std::isdigit(byte) != 0 ? '0'
                                                   : text[i];
      if (i < kShape.size() - 3 && shape != kShape[i]) {
        return false;
      }
    }
    return true;
  }

  // A date in another form stays, and makes the test fail.
  static std::string normalized(std::string_view bytes) {
    constexpr std::string_view kName = "\r\nDate: ";
    constexpr std::size_t kDateBytes = 29;
    std::string result;
    for (std::size_t at = bytes.find(kName); at != bytes.npos; at = bytes.find(kName)) {
      result.append(bytes.substr(0, at + kName.size()));
      bytes.remove_prefix(at + kName.size());
      const std::string_view date = bytes.substr(0, kDateBytes);
      result.append(is_date(date) ? "D" : date);
      bytes.remove_prefix(date.size());
    }
    return result.append(bytes);
  }

  ipc::OwnedFd socket_;
  std::function<void()> turn_;
  std::unique_ptr<net::testing_net::RecordClient> records_;
  std::string received_;
  End end_ = End::none;
};

// Remembers what the server said to its process, and places connections as the test wants.
class FakeHooks : public ServerHooks {
 public:
  Place place(int socket, const ipc::HandedConnection& about, bool may_stay) override {
    placements.push_back({about, may_stay});
    const Place found =
        on_place ? on_place(socket, about) : ServerHooks::place(socket, about, may_stay);
    given_fresh += may_stay && found == Place::given ? 1 : 0;
    return found;
  }
  bool keep(int, std::uint32_t lead) override {
    last_lead = lead;
    return keeps;
  }
  [[nodiscard]] bool is_ahead(std::uint32_t by) const override { return by < ahead_by; }
  [[nodiscard]] std::uint32_t excess() const override { return excess_now; }
  Place relieve(int socket, const ipc::HandedConnection& about) override {
    ++reliefs_offered;
    return on_relieve ? on_relieve(socket, about) : Place::here;
  }
  void on_connection_gone() override { ++connections_gone; }
  bool on_tick(std::uint64_t) override {
    ++ticks;
    return false;
  }
  void report(config::LogLevel level, std::string_view line) override {
    reports.emplace_back(level, line);
  }
  void on_drained() override {
    ++drained;
    if (when_drained) {
      when_drained();
    }
  }

  struct Placement {
    ipc::HandedConnection about;
    bool may_stay = false;
  };
  std::function<Place(int socket, const ipc::HandedConnection& about)> on_place;
  std::function<Place(int socket, const ipc::HandedConnection& about)> on_relieve;
  bool keeps = false;           // what is accepted, until it comes to rest
  std::uint32_t last_lead = 0;  // as keep() was told
  std::uint32_t ahead_by = 0;
  std::uint64_t given_fresh = 0;
  std::uint32_t excess_now = 0;
  int reliefs_offered = 0;
  std::function<void()> when_drained;
  std::vector<Placement> placements;
  std::vector<std::pair<config::LogLevel, std::string>> reports;
  int connections_gone = 0;
  int ticks = 0;
  int drained = 0;
};

// Keeps jobs until the test lets them run, in any order.
class HeldJobs : public exchange::Executor {
 public:
  bool submit(std::unique_ptr<exchange::Job>& job) override {
    if (jobs.size() >= limit) {
      return false;
    }
    job->executor = this;
    jobs.push_back(std::move(job));
    return true;
  }
  void lend_thread(const exchange::Job&) override {}
  void take_back_thread(const exchange::Job&) override {}
  void start_submitted() override {}
  void complete(HttpServer& server, std::size_t index = 0) {
    std::unique_ptr<exchange::Job> job = std::move(jobs.at(index));
    jobs.erase(jobs.begin() + static_cast<std::ptrdiff_t>(index));
    job->run();
    server.completions().deliver(std::move(job));
  }

  std::size_t limit = 1000;
  std::vector<std::unique_ptr<exchange::Job>> jobs;
};

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
  TestClock clock_;
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
