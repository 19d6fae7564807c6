// A request whose content is sent, and whose answer is read, piece by piece: for streams, events
// and uploads. The connection is its own and ends with it. One thread.
#pragma once

#include <chrono>
#include <cstdio>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <prefork/request.hpp>
#include <prefork/test/connection.hpp>
#include <prefork/test/reader.hpp>
#include <prefork/test/response.hpp>

namespace prefork {
inline namespace v1 {

// A server-sent event (HTML Living Standard, section 9.2).
struct TestEvent {
  std::string type;  // empty: none was given, which is "message"
  std::string data;  // its lines, with \n between them
  std::string id;
  std::optional<std::chrono::milliseconds> retry;
};

class TestStream {
 public:
  // For the layer below: the request's head is sent.
  TestStream(TestConnection connection, std::string_view method)
      : link_(std::make_unique<Link>(std::move(connection), method)) {}

  // Sends a piece of the request's content, as a chunk. False: the server takes no more; it may
  // have answered. Of a request that was opened with TestRequest::open_upload().
  bool write(std::string_view piece) {
    if (piece.empty()) {
      return true;
    }
    char size[24];
    std::snprintf(size, sizeof size, "%zx\r\n", piece.size());
    return link_->connection.send(std::string(size).append(piece).append("\r\n"));
  }
  // That was all of the content.
  bool end() { return link_->connection.send("0\r\n\r\n"); }

  // The next head of 1xx. Throws TestFailure when the answer comes instead.
  TestHead interim() {
    const TestHead head = link_->reader.read_head();
    if (head.status >= 200) {
      throw TestFailure("status " + std::to_string(head.status) + " came instead of 1xx");
    }
    interim_.push_back(head);
    return head;
  }
  // Of the answer, which they wait for.
  int status() { return head().status; }
  std::optional<std::string> header(std::string_view name) { return head().fields.get(name); }
  const TestHead& head() {
    while (!head_) {
      TestHead head = link_->reader.read_head();
      if (head.status < 200) {
        interim_.push_back(std::move(head));
      } else {
        head_ = std::move(head);
      }
    }
    return *head_;
  }

  // Waits for more of the answer's content: a chunk, or what has come of content with a length.
  // Nothing: that was all, or the connection has ended within it; is_complete() tells which.
  std::optional<std::string> read() {
    head();
    if (!text_.empty()) {
      return std::exchange(text_, {});
    }
    return link_->reader.read_piece();
  }
  [[nodiscard]] bool is_complete() const { return link_->reader.is_complete(); }
  // Waits for the next event; comments (heartbeats) are left out. Nothing: the stream is over.
  std::optional<TestEvent> event() {
    for (;;) {
      head();
      std::size_t end = 0;
      while ((end = text_.find("\n\n")) == std::string::npos) {
        const std::optional<std::string> piece = link_->reader.read_piece();
        if (!piece) {
          return std::nullopt;
        }
        text_ += *piece;
      }
      const std::string block = text_.substr(0, end);
      text_.erase(0, end + 2);
      if (const std::optional<TestEvent> event = parse(block)) {
        return event;
      }
    }
  }
  // The answer with the rest of its content.
  TestResponse response() {
    TestResponse response(head(), interim_);
    std::string body;
    while (const std::optional<std::string> piece = read()) {
      body += *piece;
    }
    response.set_content(std::move(body), link_->reader.trailers(), is_complete());
    return response;
  }
  // The client leaves.
  void close() { link_->connection.close(); }

  // For the layer below.
  [[nodiscard]] bool keeps_connection() const { return link_->reader.keeps_connection(); }
  TestConnection take_connection() { return std::move(link_->connection); }

 private:
  // Where it stays, as the reader knows it.
  struct Link {
    Link(TestConnection opened, std::string_view method)
        : connection(std::move(opened)), reader(connection, method) {}

    TestConnection connection;
    detail::TestReader reader;
  };

  // Nothing: comments alone.
  static std::optional<TestEvent> parse(std::string_view block) {
    TestEvent event;
    bool is_one = false;
    bool has_data = false;
    while (!block.empty()) {
      const std::string_view line = block.substr(0, block.find('\n'));
      block.remove_prefix(line.size() < block.size() ? line.size() + 1 : block.size());
      const std::size_t colon = std::min(line.find(':'), line.size());
      const std::string_view name = line.substr(0, colon);
      std::string_view value = line.substr(colon < line.size() ? colon + 1 : colon);
      value.remove_prefix(value.starts_with(' ') ? 1 : 0);
      if (name.empty()) {
        continue;
      }
      is_one = true;
      if (name == "data") {
        event.data += (has_data ? "\n" : "") + std::string(value);
        has_data = true;
      } else if (name == "event") {
        event.type = value;
      } else if (name == "id") {
        event.id = value;
      } else if (name == "retry") {
        event.retry = std::chrono::milliseconds(std::stol("0" + std::string(value)));
      }
    }
    return is_one ? std::optional<TestEvent>(event) : std::nullopt;
  }

  std::unique_ptr<Link> link_;
  std::vector<TestHead> interim_;
  std::optional<TestHead> head_;
  std::string text_;  // of events, not parsed yet
};

}  // namespace v1
}  // namespace prefork
