#include "server/http/response.h"

#include <array>
#include <stdexcept>
#include <utility>

#include "config/base/text.h"
#include "server/http/status.h"

namespace prefork::http {

namespace {

constexpr std::array<std::string_view, 5> kOwnFields = {"content-length", "transfer-encoding",
                                                        "connection", "date", "server"};

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
  body_.append(std::to_string(status));
  body_.append(" ").append(reason_phrase(status));
  if (!detail.empty()) {
    body_.append(": ").append(detail);
  }
  body_.append("\n");
}

}  // namespace prefork::http
