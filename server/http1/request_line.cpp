#include "server/http1/request_line.h"

#include <algorithm>
#include <cstring>
#include <utility>

#include "config/base/text.h"
#include "server/http/method_set.h"

namespace prefork::http1 {

namespace {

// Blank lines are skipped, but not for ever.
constexpr std::size_t kMaxBlankLineBytes = 16;
// The longest registered method (UPDATEREDIRECTREF) has 17.
constexpr std::size_t kMaxMethodBytes = 32;

}  // namespace

void RequestLine::reset() { dropped_ = start_ = scanned_ = size_ = 0; }

ParseStatus RequestLine::fail(int status, const char* detail) {
  error_ = {status, detail};
  return ParseStatus::error;
}

// False when they are not CR LF pairs, or too many.
bool RequestLine::skip_blank_lines(std::string_view bytes) {
  while (start_ + 1 < bytes.size() && bytes[start_] == '\r' && bytes[start_ + 1] == '\n') {
    start_ += 2;
  }
  const bool bare_line_end =
      start_ < bytes.size() &&
      (bytes[start_] == '\n' || (bytes[start_] == '\r' && start_ + 1 < bytes.size()));
  return !bare_line_end && dropped_ + start_ <= kMaxBlankLineBytes;
}

std::size_t RequestLine::drop_blank_lines(std::string_view bytes) {
  if (start_ != bytes.size()) {
    return 0;
  }
  dropped_ += start_;
  scanned_ = 0;
  return std::exchange(start_, 0);
}

ParseStatus RequestLine::find(std::string_view bytes) {
  if (!skip_blank_lines(bytes)) {
    return fail(400, "bad line end before the request line");
  }
  scanned_ = std::max(scanned_, start_);
  const std::string_view line = bytes.substr(start_);
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
  const std::size_t end = bytes.find('\n', scanned_);
  const std::size_t longest_end = start_ + limits_.request_line_bytes + 1;  // of CR and LF
  if (end == std::string_view::npos ? bytes.size() > longest_end : end > longest_end) {
    return unknown_method ? fail(400, "method without an end")
                          : fail(414, "request line over the limit");
  }
  if (end == std::string_view::npos) {
    scanned_ = bytes.size();
    return ParseStatus::need_more;
  }
  size_ = end + 1 - start_;
  if (const ParseStatus status = check_form({line.data(), size_});
      status != ParseStatus::complete) {
    return status;
  }
  if (unknown_method && !config::is_token(line.substr(0, line.find(' ')))) {
    return fail(400, "malformed request line");
  }
  return is_known ? ParseStatus::complete : fail(501, "unknown method");
}

// method SP target SP "HTTP/" DIGIT "." DIGIT CR LF, and nothing else.
ParseStatus RequestLine::check_form(std::string_view line) {
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

}  // namespace prefork::http1
