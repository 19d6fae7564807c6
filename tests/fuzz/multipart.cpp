// Control bytes: the limit of a part's header section, and how to cut; the rest is a body, whose
// boundary is "b". It is the same whole and in pieces, and what is accepted without that limit is
// what a plain second reading finds.
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include <prefork/form_file.hpp>

#include "tests/fuzz/fuzz_input.h"
#include "tests/unit/server/http1/parser_support.h"
#include "tests/unit/server/include/plain_multipart.h"

namespace prefork::fuzzing {
namespace {

using detail::MultipartParser;
using testing_include::PlainForm;
using testing_include::PlainPart;

struct Outcome {
  int status = 200;
  std::string problem;
  std::vector<PlainPart> parts;
  friend bool operator==(const Outcome&, const Outcome&) = default;
};

Outcome parse(const std::vector<std::string_view>& pieces, std::size_t head_limit) {
  Outcome outcome;
  MultipartParser parser("b", head_limit);
  std::unique_ptr<http1::testing_parser::ExactBytes> bytes;
  bool is_in_part = false;
  std::size_t next = 0;
  try {
    for (;;) {
      const MultipartParser::Event event = parser.next();
      switch (event) {
        case MultipartParser::Event::more:
          if (next == pieces.size()) {
            parser.finish();
            return outcome;
          }
          bytes = std::make_unique<http1::testing_parser::ExactBytes>(pieces[next++]);
          parser.feed(bytes->view());
          break;
        case MultipartParser::Event::part:
          outcome.parts.push_back(
              {parser.head().name, parser.head().filename, parser.head().content_type, ""});
          break;
        case MultipartParser::Event::data:
          PREFORK_CHECK(!parser.data().empty());
          outcome.parts.back().content.append(parser.data());
          break;
        case MultipartParser::Event::part_end:
        case MultipartParser::Event::end:
          break;
      }
      if (event != MultipartParser::Event::more) {
        const bool is_of_part =
            event == MultipartParser::Event::data || event == MultipartParser::Event::part_end;
        PREFORK_CHECK(is_in_part == is_of_part);
        is_in_part = event == MultipartParser::Event::part || event == MultipartParser::Event::data;
      }
    }
  } catch (const Error& error) {
    outcome.status = error.status();
    outcome.problem = error.what();
  }
  return outcome;
}

void check_against_plain_reading(std::string_view body) {
  constexpr std::size_t kNoLimit = 1 << 20;
  const Outcome outcome = parse({body}, kNoLimit);
  const PlainForm plain = testing_include::read_plainly(body, "b");
  PREFORK_CHECK(outcome.status == (plain.is_broken ? 400 : 200));
  PREFORK_CHECK(plain.is_broken || outcome.parts == plain.parts);
}

// What browsers write of any content comes back as it was.
void check_round_trip(std::string_view content) {
  if (content.find("\r\n--b") != std::string_view::npos || content.starts_with("--b")) {
    return;
  }
  const std::string body = "--b\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\n" +
                           std::string(content) + "\r\n--b--\r\n";
  const Outcome outcome = parse({body}, 100);
  PREFORK_CHECK(outcome.status == 200 && outcome.parts.size() == 1);
  PREFORK_CHECK(outcome.parts.front().content == content);
}

void check_one(Input input) {
  const std::size_t head_limit = std::size_t{4} * input.byte();
  const std::uint8_t seed = input.byte();
  const std::string_view body = input.rest();
  PREFORK_CHECK(parse(pieces_of(body, seed), head_limit) == parse({body}, head_limit));
  check_against_plain_reading(body);
  check_round_trip(body);
  const std::string content_type = "multipart/form-data;" + std::string(body.substr(0, 100));
  if (const auto boundary = detail::boundary_of(content_type)) {
    PREFORK_CHECK(!boundary->empty() && boundary->size() <= 70);
    PREFORK_CHECK(boundary->find_first_of("\r\n") == std::string::npos);
  }
  const std::string name = safe_filename(body);
  PREFORK_CHECK(!name.empty() && name.size() <= 255 && name.front() != '.');
  PREFORK_CHECK(name.find_first_of(std::string_view("/\\\0\r\n", 5)) == std::string::npos);
}

}  // namespace
}  // namespace prefork::fuzzing

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  prefork::fuzzing::check_one({data, size});
  return 0;
}
