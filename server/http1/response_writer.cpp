#include "server/http1/response_writer.h"

#include <array>
#include <charconv>
#include <cstring>
#include <initializer_list>

#include "server/http/status.h"
#include "server/http1/status_line.h"

namespace prefork::http1 {

namespace {

// A decimal number without an allocation.
class Digits {
 public:
  explicit Digits(std::uint64_t number)
      : end_(std::to_chars(text_.data(), text_.data() + text_.size(), number).ptr) {}
  [[nodiscard]] std::string_view view() const {
    return {text_.data(), static_cast<std::size_t>(end_ - text_.data())};
  }

 private:
  std::array<char, 20> text_;
  char* end_;
};

void append_all(http::ByteBuffer& out, std::initializer_list<std::string_view> pieces) {
  std::size_t size = 0;
  for (const std::string_view piece : pieces) {
    size += piece.size();
  }
  char* at = out.prepare(size);
  for (const std::string_view piece : pieces) {
    if (!piece.empty()) {
      std::memcpy(at, piece.data(), piece.size());
      at += piece.size();
    }
  }
  out.commit(size);
}

std::string_view connection_field(const ResponseContext& context) {
  if (!context.keep_alive) {
    return "Connection: close\r\n";
  }
  return context.version_minor == 0 ? std::string_view("Connection: keep-alive\r\n")
                                    : std::string_view{};
}

}  // namespace

void write_response(http::ByteBuffer& out, const http::Response& response,
                    const ResponseContext& context) {
  const std::string_view common = context.common_fields.wire();
  const std::string_view fields = response.fields().wire();
  const std::string_view type(fields.data(), response.content_type_bytes());
  const std::string_view others(fields.data() + type.size(), fields.size() - type.size());
  const std::string_view line = status_line(response.status());
  if (!line.empty()) [[likely]] {
    append_all(out, {line, common, type});
  } else {
    // A code without a registered phrase: the phrase is empty, the space before it is not.
    append_all(out, {"HTTP/1.1 ", Digits(static_cast<std::uint64_t>(response.status())).view(),
                     " \r\n", common, type});
  }
  if (http::is_bodyless(response.status())) {
    append_all(out, {others, connection_field(context), "\r\n"});
    return;
  }
  if (framing_of(response, context.version_minor) == BodyFraming::counted) [[likely]] {
    append_all(out,
               {"Content-Length: ", Digits(response.content_size().value_or(0)).view(), "\r\n",
                others, connection_field(context), "\r\n",
                context.method == http::Method::head ? std::string_view{} : response.content()});
    return;
  }
  append_all(out, {context.version_minor == 0 ? std::string_view{}
                                              : std::string_view("Transfer-Encoding: chunked\r\n"),
                   others, connection_field(context), "\r\n"});
}

BodyFraming framing_of(const http::Response& response, int version_minor) {
  if (response.content_size()) {
    return BodyFraming::counted;
  }
  return version_minor == 0 ? BodyFraming::until_close : BodyFraming::chunked;
}

}  // namespace prefork::http1
