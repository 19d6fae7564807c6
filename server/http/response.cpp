#include "server/http/response.h"

#include <array>
#include <stdexcept>
#include <utility>

#include "config/base/text.h"
#include "server/http/status.h"

namespace prefork::http {

namespace {

constexpr std::string_view kContentType = "Content-Type";
constexpr std::array<std::string_view, 7> kOwnFields = {
    "content-length", "transfer-encoding", "connection",      "date",
    "server",         "keep-alive",        "proxy-connection"};
// Those with one value (RFC 9110 section 5.3): of two of them each reader believes another one.
constexpr std::array<std::string_view, 8> kSingleFields = {
    "content-type", "content-range", "content-location", "etag",
    "location",     "last-modified", "retry-after",      "expires"};

// Why an application may not set the field, or null.
const char* application_field_problem(std::string_view name, std::string_view value) {
  if (const char* problem = field_problem(name, value)) {
    return problem;
  }
  for (const std::string_view own : kOwnFields) {
    if (config::equals_ignoring_case(name, own)) {
      return "a field that the server sets itself";
    }
  }
  return nullptr;
}

}  // namespace

void Response::clear() {
  status_ = 200;
  close_ = false;
  has_bad_type_ = false;
  field_problem_ = nullptr;
  fields_.clear();
  content_type_bytes_ = 0;
  failure_.clear();
  link_.later = nullptr;
  clear_content();
}

void Response::clear_content() {
  is_static_ = false;
  static_body_ = {};
  body_.clear();
  if (has_long_body()) {
    pieces_.clear();
    source_.reset();
  }
  source_size_.reset();
  error_.reset();
}

void Response::clear_fields() {
  fields_.clear();
  content_type_bytes_ = 0;
}

void FieldBlock::add(std::string_view name, std::string_view value) {
  if (const char* problem = application_field_problem(name, value)) {
    problem_ = problem;
    return;
  }
  fields_.append(name, value);
}

void Response::add_field(std::string_view name, std::string_view value) {
  if (const char* problem = application_field_problem(name, value)) {
    field_problem_ = problem;
    return;
  }
  for (const std::string_view single : kSingleFields) {
    if (config::equals_ignoring_case(name, single) && fields().find(single)) {
      field_problem_ = "a second field of a name that comes once";
      return;
    }
  }
  fields_.append(name, value);
}

void Response::add_fields(const FieldBlock& block) {
  fields_.append(block.fields());
  if (block.problem() != nullptr) {
    field_problem_ = block.problem();
  }
}

void Response::set_field(std::string_view name, std::string_view value) {
  if (const char* problem = application_field_problem(name, value)) {
    field_problem_ = problem;
    return;
  }
  fields_.set(name, value);
  note_content_type_line();
}

void Response::remove_field(std::string_view name) {
  fields_.remove(name);
  note_content_type_line();
}

void Response::set_content_type(std::string_view type) {
  if (content_type_bytes_ != 0) {
    fields_.remove_first();
    content_type_bytes_ = 0;
  }
  has_bad_type_ = !config::is_safe_field_value(type);
  if (!has_bad_type_ && !type.empty()) {
    if (fields_.empty()) [[likely]] {
      fields_.append(kContentType, type);
    } else {
      fields_.prepend(kContentType, type);
    }
    content_type_bytes_ = FieldList::line_bytes(kContentType, type);
  }
}

std::string_view Response::content_type() const {
  return content_type_bytes_ == 0 ? std::string_view{} : (*fields_.begin()).value;
}

// After a change of fields, among which it may have been.
void Response::note_content_type_line() {
  if (content_type_bytes_ == 0) {
    return;
  }
  const bool is_there =
      !fields_.empty() && config::equals_ignoring_case((*fields_.begin()).name, "content-type");
  content_type_bytes_ =
      is_there ? FieldList::line_bytes(kContentType, (*fields_.begin()).value) : 0;
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
    pieces_.emplace_back().text.swap(body_);
  }
}

std::optional<std::uint64_t> Response::long_content_size() const {
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
  if (link_.starter == nullptr) {
    throw std::logic_error("start_stream() in a handler that must not block; use set_source()");
  }
  source_size_ = size;
  return link_.starter->start(*this);
}

const char* Response::find_problem() const {
  if (field_problem_ != nullptr) {
    return field_problem_;
  }
  if (status_ < 200 || status_ > 599) {
    return "a status outside 200 to 599";
  }
  if (has_bad_type_) {
    return "a control character in the content type";
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
  return is_without_content(status_) && content_size() != 0 ? "a body on an answer that has none"
                                                            : nullptr;
}

void Response::set_error(int status, std::string_view detail) {
  clear();
  status_ = status;
  set_content_type("text/plain; charset=utf-8");
  error_ = std::make_unique<ProblemDetails>();
  error_->status = status;
  error_->detail = detail;
  body_ = to_text(*error_);
}

}  // namespace prefork::http
