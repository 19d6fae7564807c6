#include "server/http1/response_writer.h"

#include <charconv>
#include <cstddef>
#include <cstring>
#include <optional>

#include "ipc/base/digit_pairs.h"
#include "server/http/status.h"
#include "server/http1/status_line.h"

namespace prefork::http1 {

namespace {

// More than the numbers, names and line ends that are written between what others give.
constexpr std::size_t kOwnBytes = 128;

// Writes piece behind piece where there is room for all of them.
class Pen {
 public:
  explicit Pen(char* at) : at_(at) {}

  void write(std::string_view piece) {
    if (!piece.empty()) {
      std::memcpy(at_, piece.data(), piece.size());
      at_ += piece.size();
    }
  }
  // Of a size that the compiler knows, which takes no call.
  template <std::size_t kSize>
  void write_literal(const char (&text)[kSize]) {
    std::memcpy(at_, text, kSize - 1);
    at_ += kSize - 1;
  }
  void write_number(std::uint64_t number) {
    if (number < 100) {
      write_one_or_two(number);
    } else if (number < 10'000) {
      write_one_or_two(number / 100);
      write_two(number % 100);
    } else {
      constexpr std::size_t kMostDigits = 20;
      at_ = std::to_chars(at_, at_ + kMostDigits, number).ptr;
    }
  }

  [[nodiscard]] std::size_t written_since(const char* begin) const {
    return static_cast<std::size_t>(at_ - begin);
  }

 private:
  void write_two(std::uint64_t number) {
    ipc::put_digit_pair(at_, number);
    at_ += 2;
  }
  void write_one_or_two(std::uint64_t number) {
    if (number < 10) {
      *at_++ = static_cast<char>('0' + number);
    } else {
      write_two(number);
    }
  }

  char* at_;
};

// The status line and the fields of all responses.
struct Start {
  std::string_view line;
  std::string_view fields;
};

Start start_of(int status, const ResponseContext& context) {
  if (status == 200 && !context.ok_start.empty()) [[likely]] {
    return {context.ok_start, {}};
  }
  return {status_line(status), context.common_fields.wire()};
}

// A code without a registered phrase: the phrase is empty, the space before it is not.
[[gnu::cold]] void write_line_without_phrase(Pen& pen, int status) {
  pen.write_literal("HTTP/1.1 ");
  pen.write_number(static_cast<std::uint64_t>(status));
  pen.write_literal(" \r\n");
}

// Connection, and the end of the head.
void write_end(Pen& pen, const ResponseContext& context) {
  if (!context.keep_alive) {
    pen.write_literal("Connection: close\r\n");
  } else if (context.version_minor == 0) {
    pen.write_literal("Connection: keep-alive\r\n");
  }
  pen.write_literal("\r\n");
}

}  // namespace

void write_response(http::ByteBuffer& out, const http::Response& response,
                    const ResponseContext& context) {
  const std::string_view fields = response.fields().wire();
  const std::string_view type(fields.data(), response.content_type_bytes());
  const std::string_view others(fields.data() + type.size(), fields.size() - type.size());
  const Start start = start_of(response.status(), context);
  const bool is_bodyless = http::is_bodyless(response.status());
  const std::optional<std::uint64_t> size = response.content_size();
  const bool is_counted = !is_bodyless && size.has_value();
  const bool has_content = is_counted && context.method != http::Method::head;
  const std::string_view content = has_content ? response.content() : std::string_view{};
  char* const begin = out.prepare(start.line.size() + start.fields.size() + fields.size() +
                                  content.size() + kOwnBytes);
  Pen pen(begin);
  if (start.line.empty()) [[unlikely]] {
    write_line_without_phrase(pen, response.status());
  }
  pen.write(start.line);
  pen.write(start.fields);
  pen.write(type);
  if (is_counted) [[likely]] {
    pen.write_literal("Content-Length: ");
    pen.write_number(*size);
    pen.write_literal("\r\n");
  } else if (!is_bodyless && context.version_minor != 0) {
    pen.write_literal("Transfer-Encoding: chunked\r\n");
  }
  pen.write(others);
  write_end(pen, context);
  pen.write(content);
  out.commit(pen.written_since(begin));
}

BodyFraming framing_of(const http::Response& response, int version_minor) {
  if (response.content_size()) {
    return BodyFraming::counted;
  }
  return version_minor == 0 ? BodyFraming::until_close : BodyFraming::chunked;
}

}  // namespace prefork::http1
