// What the tests of uploads share: handlers that read their content, in several tempers, and
// requests that bring some.
#pragma once

#include <array>
#include <atomic>

#include "tests/inprocess/server/engine/stream_harness.h"

namespace prefork::engine::testing_http {

inline constexpr std::string_view kContinue = "HTTP/1.1 100 Continue\r\n\r\n";

// Reads until something else than content comes, and says what.
inline http::SourceStatus read_all(exchange::BodyChannel& content, std::string& all) {
  std::array<char, 8192> room;
  for (;;) {
    const http::SourceResult result = content.read(room);
    if (result.status != http::SourceStatus::more) {
      return result.status;
    }
    all.append(room.data(), result.size);
  }
}

inline std::string chunked_post(std::string_view path, std::string_view fields = "") {
  return "POST " + std::string(path) + " HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n" +
         std::string(fields) + "\r\n";
}
inline std::string counted_post(std::string_view path, std::size_t size,
                                std::string_view fields = "") {
  return "POST " + std::string(path) +
         " HTTP/1.1\r\nHost: a\r\nContent-Length: " + std::to_string(size) + "\r\n" +
         std::string(fields) + "\r\n";
}

class UploadTest : public StreamTest {
 protected:
  UploadTest() {
    settings_.limits.body = 1'000'000'000;
    // Answers with how much there was, and how it ended.
    on_upload("/size", [this](const http::Request& request, http::Response& response) {
      ++entered_;
      std::string all;
      status_ = read_all(*request.content, all);
      response.set_body(std::to_string(all.size()) +
                        (all.find_first_not_of('x') == all.npos ? "" : " mixed"));
    });
    // Reads nothing.
    on_upload("/ignores",
              [](const http::Request&, http::Response& response) { response.set_body("no"); });
    // Reads when it may.
    on_upload("/later", [this](const http::Request& request, http::Response& response) {
      ++entered_;
      gate_.wait();
      std::string all;
      status_ = read_all(*request.content, all);
      response.set_body(std::to_string(all.size()));
    });
    // Gives back what comes, while it comes.
    on_upload("/echo-stream", [this](const http::Request& request, http::Response& response) {
      exchange::BodyChannel& out = response.start_stream();
      std::array<char, 4096> room;
      for (;;) {
        const http::SourceResult result = request.content->read(room);
        status_ = result.status;
        if (result.status != http::SourceStatus::more || !out.write({room.data(), result.size})) {
          return;
        }
      }
    });
  }

  void on_upload(std::string path, exchange::Handler handler,
                 std::optional<std::uint64_t> limit = {}) {
    router_.add(http::Method::post, std::move(path), {.streams_body = true, .body_limit = limit},
                std::move(handler));
  }
  void finish_handlers() {
    ASSERT_TRUE(turn_until([this] { return gauge(ipc::Gauge::requests_in_progress) == 0; }));
    turn();
  }
  // Until so many handlers have begun: others are skipped when their client leaves.
  bool turn_until_entered(int number = 1) {
    return turn_until([&] { return entered_ == number; });
  }
  // Sends all of it, as the server takes it.
  bool send_all(Client& client, std::string_view bytes) {
    return turn_until([&] {
      bytes.remove_prefix(client.send_some(bytes));
      return bytes.empty();
    });
  }
  // Sends until neither the server nor the kernel takes more. Returns how much that was.
  std::size_t send_until_full(Client& client) {
    const std::string piece(64 * 1024, 'x');
    std::size_t sent = 0;
    for (int idle = 0; idle < 3;) {
      const std::size_t size = client.send_some(piece);
      sent += size;
      idle = size == 0 ? idle + 1 : 0;
      turn();
    }
    return sent;
  }

  std::atomic<int> entered_{0};
  Gate gate_;
  std::atomic<http::SourceStatus> status_{http::SourceStatus::wait};
};

}  // namespace prefork::engine::testing_http
