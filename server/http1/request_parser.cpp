#include "server/http1/request_parser.h"

#include <algorithm>
#include <cstring>
#include <utility>

#include "server/http/method_set.h"
#include "server/http/target.h"

namespace prefork::http1 {

namespace {

// Blank lines before a request are skipped (RFC 9112 section 2.2), but not for ever.
constexpr std::size_t kMaxBlankLineBytes = 16;
// The longest registered method (UPDATEREDIRECTREF) has 17.
constexpr std::size_t kMaxMethodBytes = 32;

http::Method method_of(llhttp_method_t method) {
  switch (method) {
    case HTTP_GET:
      return http::Method::get;
    case HTTP_HEAD:
      return http::Method::head;
    case HTTP_POST:
      return http::Method::post;
    case HTTP_PUT:
      return http::Method::put;
    case HTTP_PATCH:
      return http::Method::patch;
    case HTTP_DELETE:
      return http::Method::delete_;
    case HTTP_OPTIONS:
      return http::Method::options;
    case HTTP_TRACE:
      return http::Method::trace;
    case HTTP_CONNECT:
      return http::Method::connect;
    default:
      return http::Method::other;
  }
}

}  // namespace

// llhttp calls these while it parses; each returns 0 to go on, or what stop() gives it. Those of
// the body alone are in request_parser_body.cpp.
struct ParserCallbacks {
  static RequestParser& self(llhttp_t* parser) {
    return *static_cast<RequestParser*>(parser->data);
  }

  static int on_url(llhttp_t* parser, const char* at, std::size_t size) {
    RequestParser& p = self(parser);
    p.extend(p.target_, at, size);
    return 0;
  }

  static int on_field(llhttp_t* parser, const char* at, std::size_t size) {
    RequestParser& p = self(parser);
    if (p.in_body_) {
      return 0;  // trailers are checked and counted, nothing more
    }
    if (p.spans_.empty() || p.spans_.back().complete) {
      p.spans_.emplace_back();
    }
    p.extend(p.spans_.back().name, at, size);
    return 0;
  }

  static int on_value(llhttp_t* parser, const char* at, std::size_t size) {
    RequestParser& p = self(parser);
    if (p.in_body_) {
      return 0;  // trailers are checked and counted, nothing more
    }
    p.extend(p.spans_.back().value, at, size);
    return 0;
  }

  // Fields are counted where they end: that place does not depend on how the bytes were cut.
  static int on_value_complete(llhttp_t* parser) {
    RequestParser& p = self(parser);
    if (!p.in_body_) {
      p.spans_.back().complete = true;
      return p.spans_.size() > p.limits_.header_count ? p.stop(431, "too many header fields") : 0;
    }
    return ++p.chunk_.trailer_count > p.limits_.header_count
               ? p.stop(431, "too many trailer fields")
               : 0;
  }

  static int pause(llhttp_t*) { return HPE_PAUSED; }

  static const llhttp_settings_t& settings() {
    static const llhttp_settings_t kSettings = [] {
      llhttp_settings_t settings;
      llhttp_settings_init(&settings);
      settings.on_url = on_url;
      settings.on_header_field = on_field;
      settings.on_header_value = on_value;
      settings.on_header_value_complete = on_value_complete;
      settings.on_headers_complete = pause;
      RequestParser::add_body_callbacks(settings);
      return settings;
    }();
    return kSettings;
  }
};

RequestParser::RequestParser(const ParserLimits& limits) : limits_(limits) {
  llhttp_init(&llhttp_, HTTP_REQUEST, &ParserCallbacks::settings());
  llhttp_.data = this;
}

void RequestParser::reset() {
  llhttp_reset(&llhttp_);
  stopped_ = false;
  line_ = {};
  parsed_ = {};
  head_size_ = 0;
  target_ = {};
  spans_.clear();
  in_body_ = false;
  body_ = {};
  chunk_ = {};
}

void RequestParser::extend(Span& span, const char* at, std::size_t size) const {
  const auto offset = static_cast<std::uint32_t>(at - base_);
  if (span.size == 0) {
    span.offset = offset;
  }
  // Pieces of one span follow each other, because the bytes lie in one piece.
  span.size = offset + static_cast<std::uint32_t>(size) - span.offset;
}

ParseStatus RequestParser::fail(int status, const char* detail) {
  error_ = {status, detail};
  return ParseStatus::error;
}

// From within a callback of llhttp's, which takes anything but 0 as an error of its own.
int RequestParser::stop(int status, const char* detail) {
  stopped_ = true;
  fail(status, detail);
  return HPE_USER;
}

// False when they are not CR LF pairs, or too many.
bool RequestParser::skip_blank_lines(std::string_view bytes) {
  while (line_.start + 1 < bytes.size() && bytes[line_.start] == '\r' &&
         bytes[line_.start + 1] == '\n') {
    line_.start += 2;
  }
  const bool bare_line_end = line_.start < bytes.size() &&
                             (bytes[line_.start] == '\n' ||
                              (bytes[line_.start] == '\r' && line_.start + 1 < bytes.size()));
  return !bare_line_end && line_.dropped + line_.start <= kMaxBlankLineBytes;
}

std::size_t RequestParser::drop_blank_lines(std::string_view bytes) {
  if (line_.start != bytes.size()) {
    return 0;
  }
  line_.dropped += line_.start;
  line_.scanned = 0;
  return std::exchange(line_.start, 0);
}

ParseStatus RequestParser::parse_head(std::string_view bytes) {
  if (line_.size == 0) {
    const ParseStatus status = find_request_line(bytes);
    if (status != ParseStatus::complete) {
      return status;
    }
    parsed_.end = line_.start;
  }
  // llhttp sees no byte beyond the limit, so that what it says of a head that is too long does not
  // depend on how much of it has come.
  base_ = bytes.data();
  const std::size_t end = std::min(bytes.size(), line_.start + limits_.header_bytes);
  const llhttp_errno_t code = show_head({bytes.data(), end});
  if (code == HPE_OK) {
    return end == line_.start + limits_.header_bytes ? fail(431, "header section over the limit")
                                                     : ParseStatus::need_more;
  }
  if (code != HPE_PAUSED) {
    return fail_from_llhttp(code);
  }
  head_size_ = static_cast<std::size_t>(llhttp_get_error_pos(&llhttp_) - bytes.data());
  parsed_.end = head_size_;
  return finish_head(bytes);
}

// White space behind a value is no part of it (RFC 9110 section 5.5), but behind the values that
// llhttp reads itself it takes spaces only. So what begins with a tab and ends with the line is not
// shown to it. At the start of a line it is no such thing: it would continue the line before.
llhttp_errno_t RequestParser::show_head(std::string_view bytes) {
  llhttp_errno_t code = HPE_OK;
  while (code == HPE_OK && parsed_.end + parsed_.held < bytes.size()) {
    const std::size_t tab = std::min(bytes.find('\t', parsed_.end), bytes.size());
    const std::size_t from = std::max(tab, parsed_.end + parsed_.held);
    const std::size_t behind = std::min(bytes.find_first_not_of(" \t", from), bytes.size());
    const bool may_end_line = (behind == bytes.size() || bytes[behind] == '\r') &&
                              (tab == bytes.size() || bytes[tab - 1] != '\n');
    const std::size_t shown = may_end_line ? tab : behind;
    code = llhttp_execute(&llhttp_, bytes.data() + parsed_.end, shown - parsed_.end);
    parsed_.end = behind == bytes.size() ? shown : behind;
    parsed_.held = behind - parsed_.end;
  }
  return code;
}

// Nothing is parsed before the request line is there as a whole: its limit, its form and its
// version are judged in one piece. Only what can never become a method is refused at once.
ParseStatus RequestParser::find_request_line(std::string_view bytes) {
  if (!skip_blank_lines(bytes)) {
    return fail(400, "bad line end before the request line");
  }
  line_.scanned = std::max(line_.scanned, line_.start);
  const std::string_view line = bytes.substr(line_.start);
  if (line.empty() || line == "\r") {
    return ParseStatus::need_more;
  }
  // One byte more than the longest method, so that a longer one shows without the rest of it.
  const std::string_view front(line.data(), std::min(line.size(), kMaxMethodBytes + 1));
  const auto* const method_end =
      std::find_if(front.begin(), front.end(), [](char c) { return c == ' ' || c == '\r'; });
  const std::string_view method(front.begin(), method_end);
  // RFC 9110 section 9.1. Asked of our own table: llhttp knows methods of other protocols too.
  const bool is_known = http::is_known_method(method);
  if (!is_known && !config::is_token(method)) {
    return fail(400, "malformed request line");
  }
  const bool unknown_method = method.size() > kMaxMethodBytes;
  const std::size_t end = bytes.find('\n', line_.scanned);
  const std::size_t longest_end = line_.start + limits_.request_line_bytes + 1;  // of CR and LF
  if (end == std::string_view::npos ? bytes.size() > longest_end : end > longest_end) {
    return unknown_method ? fail(400, "method without an end")
                          : fail(414, "request line over the limit");
  }
  if (end == std::string_view::npos) {
    line_.scanned = bytes.size();
    return ParseStatus::need_more;
  }
  line_.size = end + 1 - line_.start;
  if (const ParseStatus status = check_request_line({line.data(), line_.size});
      status != ParseStatus::complete) {
    return status;
  }
  if (unknown_method && !config::is_token(line.substr(0, line.find(' ')))) {
    return fail(400, "malformed request line");
  }
  return is_known ? ParseStatus::complete : fail(501, "unknown method");
}

// method SP target SP "HTTP/" DIGIT "." DIGIT CR LF, and nothing else.
ParseStatus RequestParser::check_request_line(std::string_view line) {
  constexpr std::string_view kVersion = " HTTP/x.y\r\n";
  const std::size_t method_size = line.find(' ');
  if (line.size() < kVersion.size() || method_size == 0 ||
      method_size + 1 >= line.size() - kVersion.size()) {
    return fail(400, "malformed request line");
  }
  const char* const version = line.data() + line.size() - kVersion.size();
  const char* const target = line.data() + (method_size + 1);
  if (std::memcmp(version, " HTTP/", 6) != 0 || !config::is_digit(version[6]) ||
      version[7] != '.' || !config::is_digit(version[8]) ||
      std::memcmp(version + 9, "\r\n", 2) != 0 ||
      std::memchr(target, ' ', static_cast<std::size_t>(version - target)) != nullptr) {
    return fail(400, "malformed request line");
  }
  if (version[6] == '0') {
    return fail(400, "HTTP/0.9 is not spoken here");
  }
  if (version[6] != '1' || version[8] > '1') {
    return fail(505, "only HTTP/1.0 and HTTP/1.1 are spoken here");
  }
  return ParseStatus::complete;
}

ParseStatus RequestParser::finish_head(std::string_view bytes) {
  request_ = {};
  request_.method = method_of(static_cast<llhttp_method_t>(llhttp_.method));
  request_.method_text = {bytes.data() + line_.start, target_.offset - 1 - line_.start};
  request_.target = {bytes.data() + target_.offset, target_.size};
  request_.version_minor = llhttp_.http_minor;
  fields_.resize(spans_.size());
  for (std::size_t i = 0; i < spans_.size(); ++i) {
    const FieldSpan& span = spans_[i];
    fields_[i] = {{bytes.data() + span.name.offset, span.name.size},
                  config::trim({bytes.data() + span.value.offset, span.value.size})};
  }
  request_.fields = fields_;
  if (const auto status = check_fields(); status != ParseStatus::complete) {
    return status;
  }
  if (const auto status = check_target(); status != ParseStatus::complete) {
    return status;
  }
  body_.limit = limits_.body_bytes;
  in_body_ = true;
  return ParseStatus::complete;
}

ParseStatus RequestParser::check_fields() {
  unsigned host_count = 0;
  unsigned transfer_encoding_count = 0;
  std::string_view transfer_encoding;
  bool closes = false;
  bool keeps = request_.version_minor >= 1;
  expects_continue_ = false;
  for (const http::Field& field : fields_) {
    // The few fields the framing depends on have lengths that are rare among others.
    switch (field.name.size()) {
      case 4:
        if (config::equals_ignoring_case(field.name, "host")) {
          ++host_count;
          request_.host = field.value;
        }
        break;
      case 6:
        if (config::equals_ignoring_case(field.name, "expect")) {
          for (http::ListMembers members(field.value); const auto member = members.next();) {
            if (!config::equals_ignoring_case(*member, "100-continue")) {
              return fail(417, "unknown expectation");
            }
            expects_continue_ = request_.version_minor >= 1;
          }
        }
        break;
      case 10:
        if (config::equals_ignoring_case(field.name, "connection")) {
          for (http::ListMembers members(field.value); const auto member = members.next();) {
            closes = closes || config::equals_ignoring_case(*member, "close");
            keeps = keeps || config::equals_ignoring_case(*member, "keep-alive");
          }
        }
        break;
      case 17:
        if (config::equals_ignoring_case(field.name, "transfer-encoding")) {
          ++transfer_encoding_count;
          transfer_encoding = field.value;
        }
        break;
      default:
        break;
    }
  }
  keep_alive_ = keeps && !closes;
  if (host_count > 1) {
    return fail(400, "more than one Host field");
  }
  if (host_count == 0 && request_.version_minor >= 1) {
    return fail(400, "no Host field");
  }
  if (host_count == 1 && !is_valid_host(request_.host)) {
    return fail(400, "bad Host field");
  }
  if (transfer_encoding_count != 0) {
    return check_transfer_encoding(transfer_encoding, transfer_encoding_count);
  }
  if ((llhttp_.flags & F_CONTENT_LENGTH) != 0) {
    body_.length = llhttp_.content_length;
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

ParseStatus RequestParser::check_target() {
  http::Target target;
  if (const char* problem =
          http::parse_target(request_.method, request_.target, target, path_storage_)) {
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

void RequestParser::rebase(const char* copy, std::vector<http::Field>& fields,
                           http::Request& request) const {
  const auto move = [this, copy](std::string_view& view) {
    // A decoded path lives in this object, not among the bytes.
    if (view.data() != nullptr && view.data() >= base_ && view.data() < base_ + head_size_) {
      view = {copy + (view.data() - base_), view.size()};
    }
  };
  fields = fields_;
  for (http::Field& field : fields) {
    move(field.name);
    move(field.value);
  }
  request.fields = fields;
  for (std::string_view* view :
       {&request.method_text, &request.target, &request.path, &request.query, &request.host}) {
    move(*view);
  }
}

}  // namespace prefork::http1
