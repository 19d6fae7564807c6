// What the tests of long bodies share: sources that do as they are told, handlers on the worker's
// own threads that wait for the test, TCP connections (whose clients can tell a reset from an end)
// and a reader of chunks.
#pragma once

#include <arpa/inet.h>
#include <netinet/in.h>

#include <algorithm>
#include <atomic>
#include <charconv>
#include <span>

#include "tests/inprocess/default_class.h"
#include "tests/inprocess/gate.h"
#include "tests/inprocess/server/engine/http_harness.h"
#include "workers/pool/pools.h"

namespace prefork::engine::testing_http {

using test::Gate;

// A source on the loop, as its test sees it.
struct SourceControl {
  std::function<http::SourceResult(std::span<char>)> on_read;
  std::function<void()> wake;
  int reads = 0;
  std::uint64_t given = 0;  // bytes
  bool destroyed = false;

  // Gives this again and again, as much as there is room for, `size` bytes in all.
  void give(std::uint64_t size, char byte = 'x') {
    on_read = [this, size, byte](std::span<char> room) -> http::SourceResult {
      const auto amount =
          static_cast<std::size_t>(std::min<std::uint64_t>(room.size(), size - given));
      std::fill_n(room.begin(), amount, byte);
      return amount == 0 ? http::SourceResult{http::SourceStatus::end, 0}
                         : http::SourceResult{http::SourceStatus::more, amount};
    };
  }
};

class ControlledSource : public http::BodySource {
 public:
  explicit ControlledSource(SourceControl& control) : control_(control) {}
  ~ControlledSource() override { control_.destroyed = true; }

  void start(std::function<void()> wake) override { control_.wake = std::move(wake); }
  http::SourceResult read(std::span<char> room) override {
    ++control_.reads;
    const http::SourceResult result = control_.on_read(room);
    control_.given += result.status == http::SourceStatus::more ? result.size : 0;
    return result;
  }

 private:
  SourceControl& control_;
};

inline http::SourceResult fill(std::span<char> room, std::string_view text) {
  return {http::SourceStatus::more, text.copy(room.data(), room.size())};
}

struct Chunked {
  std::string content;
  bool complete = false;  // the last chunk was there
  bool broken = false;
  std::string rest;  // behind it
};

inline Chunked read_chunks(std::string_view bytes) {
  Chunked result;
  while (!result.complete) {
    std::size_t size = 0;
    const std::size_t line_end = bytes.find("\r\n");
    if (line_end == bytes.npos) {
      break;
    }
    const auto parsed = std::from_chars(bytes.data(), bytes.data() + line_end, size, 16);
    result.broken = parsed.ec != std::errc() || parsed.ptr != bytes.data() + line_end;
    bytes.remove_prefix(line_end + 2);
    if (result.broken || bytes.size() < size + 2) {
      break;
    }
    result.content.append(bytes.substr(0, size));
    result.complete = size == 0;
    result.broken = bytes.substr(size, 2) != "\r\n";
    bytes.remove_prefix(size + 2);
  }
  result.rest = bytes;
  return result;
}

// The head of an answer whose content comes in chunks, and of one that says its length.
inline std::string chunked_head(std::string_view fields = "") {
  return "HTTP/1.1 200 OK\r\nServer: prefork-server\r\nDate: D\r\nTransfer-Encoding: chunked\r\n" +
         std::string(fields) + "\r\n";
}
inline std::string counted_head(std::uint64_t size, std::string_view fields = "") {
  return "HTTP/1.1 200 OK\r\nServer: prefork-server\r\nDate: D\r\nContent-Length: " +
         std::to_string(size) + "\r\n" + std::string(fields) + "\r\n";
}

class StreamTest : public HttpTest {
 protected:
  StreamTest() {
    // One deadline at a time: the others are far away.
    settings_.timeouts.header = settings_.timeouts.body = settings_.timeouts.write =
        settings_.timeouts.keep_alive = 1h;
  }
  ~StreamTest() override {
    come_to_rest();
    pool_.reset();
  }

  // Both ends of a connection over the loopback device; the server's end is the first.
  static std::pair<ipc::OwnedFd, ipc::OwnedFd> make_tcp_pair() {
    ipc::OwnedFd listening(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    auto* const plain = reinterpret_cast<sockaddr*>(&address);
    EXPECT_EQ(::bind(listening.get(), plain, sizeof address), 0);
    EXPECT_EQ(::listen(listening.get(), 1), 0);
    EXPECT_EQ(::getsockname(listening.get(), plain, &size), 0);
    ipc::OwnedFd client(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    EXPECT_EQ(::connect(client.get(), plain, sizeof address), 0);
    ipc::OwnedFd server(::accept4(listening.get(), nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC));
    EXPECT_TRUE(server.valid());
    EXPECT_EQ(::fcntl(client.get(), F_SETFL, O_NONBLOCK), 0);
    return {std::move(server), std::move(client)};
  }
  Client connect_by_tcp() { return connect_over(make_tcp_pair()); }

  // A connection that holds little in the kernel, in either direction.
  static std::pair<ipc::OwnedFd, ipc::OwnedFd> make_narrow_pair() {
    auto ends = make_pair();
    const int size = 8 * 1024;
    for (const int fd : {ends.first.get(), ends.second.get()}) {
      EXPECT_EQ(::setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &size, sizeof size), 0);
    }
    return ends;
  }
  Client connect_narrowly() { return connect_over(make_narrow_pair()); }

  // GET `path` is answered from the source that the control describes.
  void serve(std::string path, SourceControl& control, std::optional<std::uint64_t> size = {}) {
    router_.add(http::Method::get, std::move(path), exchange::RunOn::loop,
                [&control, size](const http::Request&, http::Response& response) {
                  response.set_source(std::make_unique<ControlledSource>(control), size);
                });
  }

  // The server needs its executor before the pool can need the server.
  void use_pool(std::uint32_t threads = 2, std::uint32_t queue_limit = 100) {
    pool_ = std::make_unique<pool::Pools>(std::vector{test::default_class(threads, queue_limit)},
                                          config::PoolOrder::fcfs, *record_,
                                          [this](std::unique_ptr<exchange::Job> job) {
                                            server_->completions().deliver(std::move(job));
                                          });
    executor_ = pool_.get();
    has_threads_ = true;
    server();
  }

  bool turn_until_received(Client& client, std::string_view end) {
    return turn_until([&] { return client.received().ends_with(end); });
  }
  // A few turns of the loop in which nothing more can happen by itself.
  void pass_ticks(int number = 3) {
    const int ticks = hooks_.ticks;
    ASSERT_TRUE(turn_until([&] { return hooks_.ticks >= ticks + number; }));
  }

  std::unique_ptr<pool::Pools> pool_;
};

// Handlers of the pool that stream, and wait at a gate.
class HandlerStreamTest : public StreamTest {
 protected:
  void on_pool(std::string path, exchange::Handler handler) {
    router_.add(http::Method::get, std::move(path), exchange::RunOn::pool, std::move(handler));
  }
  // Until every handler is done, and everything that follows from it.
  void finish_handlers() {
    ASSERT_TRUE(turn_until([this] { return gauge(ipc::Gauge::requests_in_progress) == 0; }));
    turn();
  }
  [[nodiscard]] bool reported(std::string_view line) const {
    for (const auto& report : hooks_.reports) {
      if (report.second == line) {
        return true;
      }
    }
    return false;
  }

  Gate gate_;
};

}  // namespace prefork::engine::testing_http
