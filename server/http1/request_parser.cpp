#include "server/http1/request_parser.h"

#include <algorithm>

#include "ipc/base/check.h"
#include "server/http1/fast_head.h"

namespace prefork::http1 {

using http::KnownField;

RequestParser::RequestParser(const ParserLimits& limits, const HeadScanner* scanner)
    : limits_(limits), scanner_(scanner), line_(limits_), message_(limits_) {}

void RequestParser::reset() {
  if (uses_llhttp_) {
    line_.reset();
    message_.reset();
    uses_llhttp_ = false;
  }
  head_size_ = 0;
  in_body_ = false;
  body_ = {};
}

ParseStatus RequestParser::fail(const ParseError& error) {
  error_ = error;
  return ParseStatus::error;
}

// --- the head ------------------------------------------------------------------------------------

ParseStatus RequestParser::parse_head(std::string_view bytes) {
  base_ = bytes.data();
  if (!uses_llhttp_) {
    if (scanner_ != nullptr && parse_fast(bytes)) {
      return ParseStatus::complete;
    }
    uses_llhttp_ = true;
  }
  if (!line_.is_found()) {
    if (const auto status = line_.find(bytes); status != ParseStatus::complete) {
      return status == ParseStatus::error ? fail(line_.error()) : status;
    }
  }
  if (const auto status = message_.read_head(bytes, line_.start());
      status != ParseStatus::complete) {
    return status == ParseStatus::error ? fail(message_.error()) : status;
  }
  return finish_head(bytes);
}

// Whether the head is complete and nothing in it is unusual. What is wrong with one is for llhttp
// and those after it to say.
bool RequestParser::parse_fast(std::string_view bytes) {
  FastHead head;
  if (!read_fast_head(bytes, limits_, *scanner_, head, fields_)) {
    return false;
  }
  request_.method = head.method;
  request_.method_text = head.method_text;
  request_.target = head.target;
  request_.version_minor = 1;
  request_.fields = {std::span(fields_).first(head.field_count), head.known};
  if (check_fields() != ParseStatus::complete ||
      check_target(head.target_scan) != ParseStatus::complete) {
    return false;
  }
  head_size_ = head.size;
  body_.length = head.content_length;
  body_.limit = limits_.body_bytes;
  in_body_ = true;
  return true;
}

ParseStatus RequestParser::finish_head(std::string_view bytes) {
  head_size_ = message_.head_size();
  request_.method = message_.method();
  request_.target = message_.target().of(bytes);
  request_.method_text = bytes.substr(line_.start(), message_.target().offset - 1 - line_.start());
  request_.version_minor = message_.version_minor();
  const std::vector<LlhttpMessage::FieldSpan>& spans = message_.fields();
  fields_.resize(std::max(fields_.size(), spans.size()));
  http::KnownFields known;
  for (std::size_t i = 0; i < spans.size(); ++i) {
    fields_[i] = {spans[i].name.of(bytes), config::trim(spans[i].value.of(bytes))};
    known.add(http::known_field(fields_[i].name), i);
  }
  request_.fields = {std::span(fields_).first(spans.size()), known};
  if (const auto status = check_fields(); status != ParseStatus::complete) {
    return status;
  }
  if (const auto status = frame_body(); status != ParseStatus::complete) {
    return status;
  }
  if (const auto status = check_target(http::scan_target(request_.target));
      status != ParseStatus::complete) {
    return status;
  }
  in_body_ = true;
  return ParseStatus::complete;
}

ParseStatus RequestParser::check_fields() {
  keep_alive_ = wants_keep_alive();
  if (const auto status = check_expectations(); status != ParseStatus::complete) {
    return status;
  }
  const http::FieldLines hosts = request_.fields.lines(KnownField::host);
  request_.host = hosts.first;
  if (hosts.count > 1) {
    return fail(400, "more than one Host field");
  }
  if (hosts.count == 0 && request_.version_minor >= 1) {
    return fail(400, "no Host field");
  }
  return hosts.count == 0 || is_valid_host(hosts.first) ? ParseStatus::complete
                                                        : fail(400, "bad Host field");
}

bool RequestParser::wants_keep_alive() const {
  bool keeps = request_.version_minor >= 1;
  for (const http::Field& field : request_.fields.among(KnownField::connection)) {
    if (http::known_field(field.name) != KnownField::connection) {
      continue;
    }
    for (http::ListMembers members(field.value); const auto member = members.next();) {
      if (config::equals_ignoring_case(*member, "close")) {
        return false;
      }
      keeps = keeps || config::equals_ignoring_case(*member, "keep-alive");
    }
  }
  return keeps;
}

ParseStatus RequestParser::check_expectations() {
  expects_continue_ = false;
  for (const http::Field& field : request_.fields.among(KnownField::expect)) {
    if (http::known_field(field.name) != KnownField::expect) {
      continue;
    }
    for (http::ListMembers members(field.value); const auto member = members.next();) {
      if (!config::equals_ignoring_case(*member, "100-continue")) {
        return fail(417, "unknown expectation");
      }
      expects_continue_ = request_.version_minor >= 1;
    }
  }
  return ParseStatus::complete;
}

// Requests after each other mostly name the same host: it is looked at once.
bool RequestParser::is_valid_host(std::string_view host) {
  if (host == valid_host_ && !host.empty()) {
    return true;
  }
  if (!http::is_valid_authority(host)) {
    return false;
  }
  valid_host_ = host;
  return true;
}

ParseStatus RequestParser::check_target(const http::TargetScan& scan) {
  http::Target target;
  if (const char* problem =
          http::parse_target(request_.method, request_.target, scan, target, path_storage_)) {
    return fail(400, problem);
  }
  if (request_.method == http::Method::connect) {
    return fail(501, "CONNECT is not for an origin server");
  }
  request_.path = target.path;
  request_.segments = target.segments;
  request_.query = target.query;
  if (!target.authority.empty()) {
    request_.host = target.authority;
  }
  return ParseStatus::complete;
}

// --- the body ------------------------------------------------------------------------------------

ParseStatus RequestParser::frame_body() {
  body_.limit = limits_.body_bytes;
  if (const auto lines = request_.fields.lines(KnownField::transfer_encoding); lines.count != 0) {
    return check_transfer_encoding(lines);
  }
  body_.length = message_.content_length().value_or(0);
  return ParseStatus::complete;
}

// Exactly one "chunked" and no other coding: what else the grammar allows is either unknown here
// (501) or a way to make two servers disagree about where the body ends (400). RFC 9112
// section 6.1.
ParseStatus RequestParser::check_transfer_encoding(const http::FieldLines& lines) {
  if (request_.version_minor == 0) {
    return fail(400, "Transfer-Encoding in HTTP/1.0");
  }
  if (message_.content_length()) {
    return fail(400, "both Transfer-Encoding and Content-Length");
  }
  const std::string_view value = lines.first;
  if (lines.count == 1 && config::equals_ignoring_case(value, "chunked")) {
    body_.is_chunked = true;
    return ParseStatus::complete;
  }
  const std::string_view last = config::trim(value.substr(value.rfind(',') + 1));
  const bool chunked_last = config::equals_ignoring_case(last, "chunked");
  const bool chunked_before =
      chunked_last &&
      config::equals_ignoring_case(config::trim(value.substr(0, value.find(','))), "chunked");
  if (lines.count > 1 || !chunked_last || chunked_before) {
    return fail(400, "Transfer-Encoding other than one final chunked");
  }
  return fail(501, "unknown transfer coding");
}

ParseStatus RequestParser::limit_body(std::optional<std::uint64_t> bytes) {
  body_.limit = bytes.value_or(limits_.body_bytes);
  return body_.length > body_.limit ? fail(413, "body over the limit") : ParseStatus::complete;
}

ParseStatus RequestParser::consume_body(std::string_view bytes, std::string& body,
                                        std::size_t& consumed) {
  PREFORK_CHECK(in_body_);
  if (body_.is_chunked) {
    const ParseStatus status = message_.read_chunks(bytes, body_.limit, body, consumed);
    body_.received = message_.received();
    return status == ParseStatus::error ? fail(message_.error()) : status;
  }
  consumed = static_cast<std::size_t>(
      std::min<std::uint64_t>(bytes.size(), body_.length - body_.received));
  body.append(bytes.substr(0, consumed));
  body_.received += consumed;
  return body_.received == body_.length ? ParseStatus::complete : ParseStatus::need_more;
}

void RequestParser::rebase(const char* copy, std::vector<http::Field>& fields,
                           http::Request& request) const {
  const auto move = [this, copy](std::string_view& view) {
    // A decoded path lives in this object, not among the bytes.
    if (view.data() != nullptr && view.data() >= base_ && view.data() < base_ + head_size_) {
      view = {copy + (view.data() - base_), view.size()};
    }
  };
  fields.assign(request_.fields.begin(), request_.fields.end());
  for (http::Field& field : fields) {
    move(field.name);
    move(field.value);
  }
  request.fields = {fields, request_.fields.known()};
  for (std::string_view* view :
       {&request.method_text, &request.target, &request.path, &request.query, &request.host}) {
    move(*view);
  }
}

}  // namespace prefork::http1
