// Reads one answer from a connection as of RFC 9112: head, and content in the pieces in which it
// comes. For the layer above. One thread.
#pragma once

#include <charconv>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <prefork/request.hpp>
#include <prefork/test/connection.hpp>
#include <prefork/test/response.hpp>

namespace prefork {
inline namespace v1 {
namespace detail {

class TestReader {
 public:
  // The connection outlives it. `method`: of the request.
  TestReader(TestConnection& connection, std::string_view method)
      : connection_(connection), is_head_(method == "HEAD") {}

  // The next head, of 1xx too. Throws TestFailure when there comes none.
  TestHead read_head() {
    TestHead head = parse_head(read_section());
    if (head.status >= 200) {
      find_framing(head);
    }
    return head;
  }
  // More content. Nothing: that was all of it, or the connection has ended within it.
  std::optional<std::string> read_piece() {
    switch (framing_) {
      case Framing::none:
        return std::nullopt;
      case Framing::length:
        return read_of_length();
      case Framing::chunked:
        return read_chunk();
      case Framing::until_close:
        break;
    }
    return fill() ? std::optional<std::string>(take_all()) : std::nullopt;
  }
  [[nodiscard]] bool is_complete() const { return is_complete_; }
  [[nodiscard]] const TestFields& trailers() const { return trailers_; }
  // Whether the connection can carry another request.
  [[nodiscard]] bool keeps_connection() const {
    return keeps_connection_ && is_complete_ && framing_ == Framing::none;
  }

 private:
  enum class Framing { none, length, chunked, until_close };

  bool fill() { return !connection_.received().empty() || connection_.receive(); }
  std::string take_all() { return connection_.take(connection_.received().size()); }

  // Until its empty line, which is left out.
  std::string read_section() {
    for (;;) {
      const std::size_t end = connection_.received().find("\r\n\r\n");
      if (end != std::string::npos) {
        std::string section = connection_.take(end + 2);
        connection_.take(2);
        return section;
      }
      if (!connection_.receive()) {
        throw TestFailure(connection_.received().empty()
                              ? "the server has closed the connection without an answer"
                              : "the server has closed the connection within a head: " +
                                    connection_.received());
      }
    }
  }
  static void parse_fields(std::string_view lines, TestFields& fields) {
    while (!lines.empty()) {
      const std::string_view line = lines.substr(0, lines.find("\r\n"));
      lines.remove_prefix(line.size() + 2);
      const std::size_t colon = line.find(':');
      if (colon == std::string_view::npos) {
        throw TestFailure("a field without a colon: " + std::string(line));
      }
      fields.add(std::string(line.substr(0, colon)), std::string(trimmed(line.substr(colon + 1))));
    }
  }
  static TestHead parse_head(std::string_view section) {
    const std::string_view line = section.substr(0, section.find("\r\n"));
    TestHead head;
    if (line.starts_with("HTTP/1.1 ") && line.size() >= 12) {
      std::from_chars(line.data() + 9, line.data() + 12, head.status);
    }
    if (head.status < 100) {
      throw TestFailure("no status line of HTTP/1.1: " + std::string(line));
    }
    parse_fields(section.substr(line.size() + 2), head.fields);
    return head;
  }

  // RFC 9112 section 6.3.
  void find_framing(const TestHead& head) {
    keeps_connection_ = !same_ignoring_case(head.fields.get("Connection").value_or(""), "close");
    const std::optional<std::string> length = head.fields.get("Content-Length");
    if (is_head_ || head.status == 204 || head.status == 304) {
      framing_ = Framing::none;
    } else if (head.fields.get("Transfer-Encoding")) {
      framing_ = Framing::chunked;
      is_complete_ = false;
    } else if (length) {
      std::from_chars(length->data(), length->data() + length->size(), left_);
      framing_ = left_ == 0 ? Framing::none : Framing::length;
      is_complete_ = left_ == 0;
    } else {
      framing_ = Framing::until_close;
      keeps_connection_ = false;
    }
  }
  std::optional<std::string> read_of_length() {
    if (!fill()) {
      framing_ = Framing::none;
      return std::nullopt;
    }
    const std::size_t here = connection_.received().size();
    std::string piece = connection_.take(left_ < here ? static_cast<std::size_t>(left_) : here);
    left_ -= piece.size();
    if (left_ == 0) {
      framing_ = Framing::none;
      is_complete_ = true;
    }
    return piece;
  }
  std::optional<std::string> read_chunk() {
    const std::optional<std::string> line = read_line();
    std::size_t size = 0;
    if (!line ||
        std::from_chars(line->data(), line->data() + line->size(), size, 16).ec != std::errc()) {
      framing_ = Framing::none;
      return std::nullopt;
    }
    if (size == 0) {
      read_trailers();
      return std::nullopt;
    }
    while (connection_.received().size() < size + 2) {
      if (!connection_.receive()) {
        framing_ = Framing::none;
        return std::nullopt;
      }
    }
    std::string piece = connection_.take(size);
    connection_.take(2);
    return piece;
  }
  void read_trailers() {
    framing_ = Framing::none;
    for (;;) {
      const std::optional<std::string> line = read_line();
      if (!line) {
        return;
      }
      if (line->empty()) {
        is_complete_ = true;
        return;
      }
      parse_fields(*line + "\r\n", trailers_);
    }
  }
  std::optional<std::string> read_line() {
    std::size_t end = 0;
    while ((end = connection_.received().find("\r\n")) == std::string::npos) {
      if (!connection_.receive()) {
        return std::nullopt;
      }
    }
    std::string line = connection_.take(end);
    connection_.take(2);
    return line;
  }

  TestConnection& connection_;
  const bool is_head_;
  Framing framing_ = Framing::none;
  std::uint64_t left_ = 0;  // of content with a length
  bool is_complete_ = true;
  bool keeps_connection_ = false;
  TestFields trailers_;
};

}  // namespace detail
}  // namespace v1
}  // namespace prefork
