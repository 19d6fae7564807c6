// Finds the request line of a message and judges its form, before anybody parses what is in it: its
// limit, its form and its version are judged in one piece. Only what can never become a method is
// refused at once. Blank lines before it are skipped (RFC 9112 section 2.2). One thread.
#pragma once

#include <cstddef>
#include <string_view>

#include "server/http1/parser_limits.h"

namespace prefork::http1 {

class RequestLine {
 public:
  // The limits outlive it.
  explicit RequestLine(const ParserLimits& limits) : limits_(limits) {}

  void reset();

  // `bytes`: all that has come, from the same first byte at each call, until it is complete.
  ParseStatus find(std::string_view bytes);
  [[nodiscard]] bool is_found() const { return size_ != 0; }
  // Where it begins.
  [[nodiscard]] std::size_t start() const { return start_; }

  // See RequestParser.
  std::size_t drop_blank_lines(std::string_view bytes);
  [[nodiscard]] bool dropped_blank_lines() const { return dropped_ != 0; }

  [[nodiscard]] const ParseError& error() const { return error_; }

 private:
  ParseStatus fail(int status, const char* detail);
  bool skip_blank_lines(std::string_view bytes);
  ParseStatus check_form(std::string_view line);

  const ParserLimits& limits_;
  std::size_t dropped_ = 0;  // blank lines that the caller keeps no more
  std::size_t start_ = 0;    // after blank lines that came before it
  std::size_t scanned_ = 0;  // for its end
  std::size_t size_ = 0;     // with CR LF; 0: not found yet
  ParseError error_;
};

}  // namespace prefork::http1
