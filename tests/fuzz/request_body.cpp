// Control bytes: four limits, how to cut, and the framing; the rest is a body. It gives the same
// content whole and in pieces, within the limits, and a chunked body that is accepted is the one
// that a plain second reading finds.
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "tests/fuzz/fuzz_input.h"
#include "tests/fuzz/llhttp_states.h"
#include "tests/unit/server/http1/parser_support.h"

namespace prefork::fuzzing {
namespace {

const std::string kStart = "POST / HTTP/1.1\r\nHost: a\r\n";

struct Result {
  http1::ParseStatus status = http1::ParseStatus::need_more;
  int error_status = 0;
  std::string detail;
  std::size_t consumed = 0;
  std::string content;
};

Result feed(http1::RequestParser& parser, const std::string& head,
            const std::vector<std::string_view>& pieces, const http1::ParserLimits& limits) {
  Result result;
  // Even these two fields can be too many.
  if (parser.parse_head(head) != http1::ParseStatus::complete ||
      parser.limit_body() == http1::ParseStatus::error) {
    result.status = http1::ParseStatus::error;
    result.error_status = parser.error().status;
    return result;
  }
  PREFORK_CHECK(parser.head_size() == head.size());
  if (!parser.has_body()) {
    result.status = http1::ParseStatus::complete;
    return result;
  }
  for (const std::string_view piece : pieces) {
    const http1::testing_parser::ExactBytes bytes(piece);
    std::size_t consumed = 0;
    result.status = parser.consume_body(bytes.view(), result.content, consumed);
    PREFORK_CHECK(parser.body_received() == result.content.size());
    PREFORK_CHECK(result.content.size() <= limits.body_bytes);
    if (result.status == http1::ParseStatus::error) {
      result.error_status = parser.error().status;
      result.detail = parser.error().detail;
      return result;
    }
    PREFORK_CHECK(consumed <= piece.size());
    result.consumed += consumed;
    if (result.status == http1::ParseStatus::complete) {
      return result;
    }
    PREFORK_CHECK(consumed == piece.size());
  }
  return result;
}

// Takes a line with its CR LF off the front; a CR or LF anywhere else in it is not accepted.
std::optional<std::string_view> take_line(std::string_view& bytes) {
  const std::size_t end = bytes.find_first_of("\r\n");
  if (end == std::string_view::npos || bytes.substr(end, 2) != "\r\n") {
    return std::nullopt;
  }
  const std::string_view line = bytes.substr(0, end);
  bytes.remove_prefix(end + 2);
  return line;
}

// The content of exactly these bytes as a chunked body, or nothing if they are not one.
std::optional<std::string> decode_chunked(std::string_view bytes,
                                          const http1::ParserLimits& limits) {
  std::string content;
  std::size_t size = 0;
  do {
    const auto line = take_line(bytes);
    if (!line) {
      return std::nullopt;
    }
    const std::string_view digits = line->substr(0, line->find(';'));
    size = 0;
    for (const char digit : digits) {
      const auto value = config::hex_value(digit);
      if (!value || size > limits.body_bytes) {
        return std::nullopt;
      }
      size = size * 16 + *value;
    }
    if (digits.empty() || (size != 0 && bytes.size() < size + 2) ||
        (size != 0 && bytes.substr(size, 2) != "\r\n")) {
      return std::nullopt;
    }
    content.append(bytes.substr(0, size));
    bytes.remove_prefix(size == 0 ? 0 : size + 2);
  } while (size != 0);

  std::size_t trailers = 0;
  for (auto line = take_line(bytes); line && !line->empty(); line = take_line(bytes)) {
    if (!config::is_token(line->substr(0, line->find(':'))) || ++trailers > limits.header_count) {
      return std::nullopt;
    }
  }
  return bytes.empty() ? std::optional(content) : std::nullopt;
}

void check_same(const Result& whole, const Result& pieces) {
  PREFORK_CHECK(pieces.status == whole.status);
  PREFORK_CHECK(pieces.error_status == whole.error_status);
  PREFORK_CHECK(pieces.detail == whole.detail);
  if (whole.status != http1::ParseStatus::error) {
    PREFORK_CHECK(pieces.consumed == whole.consumed);
    PREFORK_CHECK(pieces.content == whole.content);
  } else {
    // How much came before the error depends on the cuts, but never what it was.
    const std::size_t common = std::min(pieces.content.size(), whole.content.size());
    PREFORK_CHECK(pieces.content.compare(0, common, whole.content, 0, common) == 0);
  }
}

void check_one(Input input) {
  const http1::ParserLimits limits = take_limits(input);
  const std::uint8_t seed = input.byte();
  const std::uint8_t framing = input.byte();
  const std::string_view bytes = input.rest();
  const bool chunked = framing % 2 == 0;
  const std::string head =
      kStart +
      (chunked ? "Transfer-Encoding: chunked" : "Content-Length: " + std::to_string(framing / 2)) +
      "\r\n\r\n";
  count_llhttp_states(head + std::string(bytes));

  http1::RequestParser parser(limits);
  const Result whole = feed(parser, head, {bytes}, limits);
  if (whole.status == http1::ParseStatus::complete) {
    const std::string_view taken = bytes.substr(0, whole.consumed);
    PREFORK_CHECK((chunked ? decode_chunked(taken, limits) : std::string(taken)) == whole.content);
  }
  parser.reset();
  check_same(whole, feed(parser, head, pieces_of(bytes, seed), limits));
}

}  // namespace
}  // namespace prefork::fuzzing

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  prefork::fuzzing::check_one({data, size});
  return 0;
}
