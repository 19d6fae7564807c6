#include "server/response.h"

#include <array>
#include <charconv>
#include <initializer_list>
#include <utility>

#include "server/status.h"
#include "server/text.h"

namespace prefork {

namespace {

constexpr std::array<std::string_view, 5> kOwnFields = {"content-length", "transfer-encoding",
                                                        "connection", "date", "server"};

// A decimal number without an allocation.
class Digits {
 public:
  explicit Digits(std::size_t number)
      : end_(std::to_chars(text_.data(), text_.data() + text_.size(), number).ptr) {}
  [[nodiscard]] std::string_view view() const {
    return {text_.data(), static_cast<std::size_t>(end_ - text_.data())};
  }

 private:
  std::array<char, 20> text_;
  char* end_;
};

void append_all(ByteBuffer& out, std::initializer_list<std::string_view> pieces) {
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

void Response::clear() {
  status_ = 200;
  close_ = false;
  is_static_ = false;
  field_problem_ = nullptr;
  content_type_ = {};
  static_body_ = {};
  fields_.clear();
  body_.clear();
}

void Response::add_field(std::string_view name, std::string_view value) {
  if (!is_token(name)) {
    field_problem_ = "a field name that is no token";
    return;
  }
  if (!is_safe_field_value(value)) {
    field_problem_ = "CR, LF or NUL in a field value";
    return;
  }
  for (const std::string_view own : kOwnFields) {
    if (equals_ignoring_case(name, own)) {
      field_problem_ = "a field that the server sets itself";
      return;
    }
  }
  fields_.append(name).append(": ").append(value).append("\r\n");
}

void Response::set_body(std::string body) {
  body_ = std::move(body);
  is_static_ = false;
}

void Response::set_static_body(std::string_view body) {
  static_body_ = body;
  is_static_ = true;
}

std::string& Response::body() {
  if (is_static_) {
    body_ = static_body_;
    is_static_ = false;
  }
  return body_;
}

const char* Response::problem() const {
  if (field_problem_ != nullptr) {
    return field_problem_;
  }
  if (status_ < 200 || status_ > 599) {
    return "a status outside 200 to 599";
  }
  if (!is_safe_field_value(content_type_)) {
    return "CR, LF or NUL in the content type";
  }
  return is_bodyless(status_) && !content().empty() ? "a body on an answer that has none" : nullptr;
}

void Response::set_error(int status, std::string_view detail) {
  clear();
  status_ = status;
  content_type_ = "text/plain; charset=utf-8";
  body_.append(Digits(static_cast<std::size_t>(status)).view());
  body_.append(" ").append(reason_phrase(status));
  if (!detail.empty()) {
    body_.append(": ").append(detail);
  }
  body_.append("\n");
}

void write_response(ByteBuffer& out, const Response& response, const ResponseContext& context) {
  const std::string_view line = status_line(response.status_);
  if (!line.empty()) [[likely]] {
    append_all(out, {line, context.server_and_date});
  } else {
    // A code without a registered phrase: the phrase is empty, the space before it is not.
    append_all(out, {"HTTP/1.1 ", Digits(static_cast<std::size_t>(response.status_)).view(),
                     " \r\n", context.server_and_date});
  }
  if (!response.content_type_.empty()) {
    append_all(out, {"Content-Type: ", response.content_type_, "\r\n"});
  }
  const std::string_view content = response.content();
  if (is_bodyless(response.status_)) {
    append_all(out, {response.fields_, connection_field(context), "\r\n"});
    return;
  }
  append_all(out, {"Content-Length: ", Digits(content.size()).view(), "\r\n", response.fields_,
                   connection_field(context), "\r\n",
                   context.method == Method::head ? std::string_view{} : content});
}

}  // namespace prefork
