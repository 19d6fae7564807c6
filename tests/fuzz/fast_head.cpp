// Control bytes: four limits; the rest is what a client sends. Whatever a fast path takes, llhttp
// takes too, and everything that is known of the head afterwards is the same; every scanner that
// runs here takes the same heads, and says the same of the same bytes.
#include <algorithm>
#include <optional>
#include <string_view>

#include "server/http1/head_scanner.h"
#include "tests/fuzz/fuzz_input.h"
#include "tests/fuzz/head_summary.h"
#include "tests/fuzz/llhttp_states.h"
#include "tests/unit/server/http1/parser_support.h"

namespace prefork::fuzzing {
namespace {

using http1::HeadMasks;
using http1::HeadScanner;

void check_masks(const HeadScanner& one, const HeadScanner& other, std::string_view bytes) {
  HeadMasks a;
  HeadMasks b;
  one.scan(bytes, a);
  other.scan(bytes, b);
  PREFORK_CHECK(a.size == b.size && a.size <= bytes.size());
  bool is_in_request_line = true;
  for (std::size_t block = 0; block * HeadMasks::kBlockBytes < a.size; ++block) {
    PREFORK_CHECK(a.control[block] == b.control[block]);
    PREFORK_CHECK(a.delimiter[block] == b.delimiter[block]);
    PREFORK_CHECK(!is_in_request_line || a.target[block] == b.target[block]);
    is_in_request_line = is_in_request_line && a.control[block] == 0;
  }
}

// Nothing where the fast path leaves the head to llhttp.
std::optional<HeadSummary> take_fast(std::string_view bytes, const http1::ParserLimits& limits,
                                     const HeadScanner& scanner) {
  const http1::testing_parser::ExactBytes exact(bytes);
  http1::RequestParser parser(limits, &scanner);
  if (parser.parse_head(exact.view()) != http1::ParseStatus::complete || parser.used_llhttp()) {
    return std::nullopt;
  }
  return summarize(parser, parser.request());
}

void check_known_fields(const http::FieldView& fields) {
  for (std::size_t i = 0; i < http::kKnownFieldCount; ++i) {
    const auto name = static_cast<http::KnownField>(i);
    const std::string_view text = http::name_of(name);
    const http::FieldLines lines = http::find_field_lines(fields, text);
    PREFORK_CHECK(fields.lines(name).count == lines.count);
    PREFORK_CHECK(fields.lines(name).first == lines.first);
    PREFORK_CHECK(fields.find(text) == http::find_field(fields, text));
    PREFORK_CHECK(fields.has(name) == (lines.count != 0));
  }
}

void check_one(Input input) {
  const http1::ParserLimits limits = take_limits(input);
  const std::string_view bytes = input.rest();
  count_llhttp_states(bytes);

  const http1::testing_parser::ExactBytes exact(bytes);
  http1::RequestParser record(limits, nullptr);
  const http1::ParseStatus status = record.parse_head(exact.view());
  if (status == http1::ParseStatus::complete) {
    check_known_fields(record.request().fields);
  }
  std::size_t taken = 0;
  for (const HeadScanner& scanner : http1::head_scanners()) {
    check_masks(scanner, http1::head_scanners().back(), exact.view());
    const std::optional<HeadSummary> head = take_fast(bytes, limits, scanner);
    if (head) {
      PREFORK_CHECK(status == http1::ParseStatus::complete);
      PREFORK_CHECK(*head == summarize(record, record.request()));
      check_accepted_head(*head, bytes, limits);
      ++taken;
    }
  }
  PREFORK_CHECK(taken == 0 || taken == http1::head_scanners().size());
}

}  // namespace
}  // namespace prefork::fuzzing

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  prefork::fuzzing::check_one({data, size});
  return 0;
}
