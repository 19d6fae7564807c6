#include "server/http/response.h"

#include <array>
#include <charconv>
#include <initializer_list>
#include <stdexcept>
#include <utility>

#include "config/base/text.h"
#include "server/http/status.h"

namespace prefork::http {

namespace {

constexpr std::array<std::string_view, 5> kOwnFields = {"content-length", "transfer-encoding",
                                                        "connection", "date", "server"};

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

// Appends the field in wire form, or says why it may not go there.
const char* append_field(std::string& out, std::string_view name, std::string_view value) {
  if (!config::is_token(name)) {
    return "a field name that is no token";
  }
  if (!config::is_safe_field_value(value)) {
    return "CR, LF or NUL in a field value";
  }
  for (const std::string_view own : kOwnFields) {
    if (config::equals_ignoring_case(name, own)) {
      return "a field that the server sets itself";
    }
  }
  out.append(name).append(": ").append(value).append("\r\n");
  return nullptr;
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
  if (has_long_body()) {
    pieces_.clear();
    source_.reset();
  }
  source_size_.reset();
}

void FieldBlock::add(std::string_view name, std::string_view value) {
  if (const char* problem = append_field(text_, name, value)) {
    problem_ = problem;
  }
}

void Response::add_field(std::string_view name, std::string_view value) {
  if (const char* problem = append_field(fields_, name, value)) {
    field_problem_ = problem;
  }
}

void Response::add_fields(const FieldBlock& block) {
  fields_.append(block.text_);
  if (block.problem_ != nullptr) {
    field_problem_ = block.problem_;
  }
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

void Response::set_source(std::unique_ptr<BodySource> source, std::optional<std::uint64_t> size) {
  source_ = std::move(source);
  source_size_ = size;
}

void Response::detach_large_body() {
  if (!is_static_ && body_.size() >= kLargeBodyBytes && !has_long_body()) {
    pieces_.push_back({std::move(body_), nullptr, 0, 0});
    body_.clear();
  }
}

std::optional<std::uint64_t> Response::content_size() const {
  if (source_) {
    return source_size_;
  }
  std::uint64_t size = content().size();
  for (const BodyPiece& piece : pieces_) {
    size += piece.total();
  }
  return size;
}

exchange::BodyChannel& Response::start_stream(std::optional<std::uint64_t> size) {
  if (starter_ == nullptr) {
    throw std::logic_error("start_stream() in a handler that must not block; use set_source()");
  }
  source_size_ = size;
  return starter_->start(*this);
}

const char* Response::problem() const {
  if (field_problem_ != nullptr) {
    return field_problem_;
  }
  if (status_ < 200 || status_ > 599) {
    return "a status outside 200 to 599";
  }
  if (!config::is_safe_field_value(content_type_)) {
    return "CR, LF or NUL in the content type";
  }
  if (has_long_body() && !content().empty()) {
    return "a body and a source or pieces besides";
  }
  if (source_ && !pieces_.empty()) {
    return "a source and pieces besides";
  }
  for (const BodyPiece& piece : pieces_) {
    if (piece.size != 0 && !piece.file) {
      return "a part of a file without the file";
    }
  }
  return is_bodyless(status_) && content_size() != 0 ? "a body on an answer that has none"
                                                     : nullptr;
}

void Response::set_error(int status, std::string_view detail) {
  clear();
  status_ = status;
  content_type_ = "text/plain; charset=utf-8";
  body_.append(Digits(static_cast<std::uint64_t>(status)).view());
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
    append_all(out, {"HTTP/1.1 ", Digits(static_cast<std::uint64_t>(response.status_)).view(),
                     " \r\n", context.server_and_date});
  }
  if (!response.content_type_.empty()) {
    append_all(out, {"Content-Type: ", response.content_type_, "\r\n"});
  }
  if (is_bodyless(response.status_)) {
    append_all(out, {response.fields_, connection_field(context), "\r\n"});
    return;
  }
  if (framing_of(response, context.version_minor) == BodyFraming::counted) [[likely]] {
    append_all(out, {"Content-Length: ", Digits(response.content_size().value_or(0)).view(), "\r\n",
                     response.fields_, connection_field(context), "\r\n",
                     context.method == Method::head ? std::string_view{} : response.content()});
    return;
  }
  append_all(out, {context.version_minor == 0 ? std::string_view{}
                                              : std::string_view("Transfer-Encoding: chunked\r\n"),
                   response.fields_, connection_field(context), "\r\n"});
}

BodyFraming framing_of(const Response& response, int version_minor) {
  if (response.content_size()) {
    return BodyFraming::counted;
  }
  return version_minor == 0 ? BodyFraming::until_close : BodyFraming::chunked;
}

}  // namespace prefork::http
