// How much of a message is read, and what reading can come to. Plain values.
#pragma once

#include <cstddef>
#include <cstdint>

namespace prefork::http1 {

struct ParserLimits {
  std::size_t request_line_bytes = 8 * 1024;
  std::size_t header_bytes = 32 * 1024;  // the whole head; the trailers have as much again
  std::size_t header_count = 100;        // trailers have as many again
  std::size_t body_bytes = std::size_t{1024} * 1024;
};

enum class ParseStatus : std::uint8_t {
  need_more,
  complete,
  error,  // see ParseError; the connection must be closed after the answer
};

struct ParseError {
  int status = 400;
  const char* detail = "";  // for people; a string literal
};

}  // namespace prefork::http1
