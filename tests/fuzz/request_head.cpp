// Control bytes: four limits and how to cut; the rest is what a client sends. The head gives the
// same verdict whole, in pieces and byte by byte, and what is accepted keeps the rules.
#include <string>
#include <string_view>
#include <vector>

#include "tests/fuzz/fuzz_input.h"
#include "tests/fuzz/head_summary.h"
#include "tests/fuzz/llhttp_states.h"
#include "tests/unit/server/http1/parser_support.h"

namespace prefork::fuzzing {
namespace {

struct Verdict {
  http1::ParseStatus status = http1::ParseStatus::need_more;
  int error_status = 0;
  std::string detail;
  HeadSummary head;

  friend bool operator==(const Verdict&, const Verdict&) = default;
};

// The bytes move to another place with each piece, as they do in a connection.
Verdict feed(http1::RequestParser& parser, const std::vector<std::string_view>& pieces,
             const http1::ParserLimits& limits) {
  Verdict verdict;
  std::string received;
  for (const std::string_view piece : pieces) {
    received.append(piece);
    const http1::testing_parser::ExactBytes bytes(received);
    verdict.status = parser.parse_head(bytes.view());
    if (verdict.status == http1::ParseStatus::error) {
      verdict.error_status = parser.error().status;
      verdict.detail = parser.error().detail;
      return verdict;
    }
    if (verdict.status == http1::ParseStatus::complete) {
      verdict.head = summarize(parser, parser.request());
      const http1::testing_parser::ExactBytes copy(bytes.view().substr(0, parser.head_size()));
      std::vector<http::Field> fields;
      http::Request request = parser.request();
      parser.rebase(copy.view().data(), fields, request);
      PREFORK_CHECK(summarize(parser, request) == verdict.head);
      const bool too_long = verdict.head.content_length > limits.body_bytes;
      PREFORK_CHECK((parser.limit_body() == http1::ParseStatus::error) == too_long);
      return verdict;
    }
  }
  return verdict;
}

void check_one(Input input) {
  const http1::ParserLimits limits = take_limits(input);
  const std::uint8_t seed = input.byte();
  const std::string_view bytes = input.rest();
  count_llhttp_states(bytes);

  http1::RequestParser parser(limits);
  const Verdict whole = feed(parser, {bytes}, limits);
  if (whole.status == http1::ParseStatus::complete) {
    check_accepted_head(whole.head, bytes, limits);
  } else if (whole.status == http1::ParseStatus::error) {
    PREFORK_CHECK(whole.error_status >= 400 && whole.error_status < 600);
    PREFORK_CHECK(!whole.detail.empty());
  }
  // The same object again: it must have forgotten everything.
  parser.reset();
  PREFORK_CHECK(feed(parser, pieces_of(bytes, seed), limits) == whole);
  parser.reset();
  PREFORK_CHECK(feed(parser, {bytes}, limits) == whole);
}

}  // namespace
}  // namespace prefork::fuzzing

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  prefork::fuzzing::check_one({data, size});
  return 0;
}
