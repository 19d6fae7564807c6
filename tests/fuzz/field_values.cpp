// Control bytes: which function, and a number for it; the rest is a value or lines of fields.
// Dates, entity tags, conditions, ranges, codings and lists of fields keep what their headers
// promise.
#include <algorithm>
#include <array>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "server/http/accept_encoding.h"
#include "server/http/byte_ranges.h"
#include "server/http/conditional.h"
#include "server/http/etag.h"
#include "server/http/field_list.h"
#include "server/http/http_date.h"
#include "tests/fuzz/field_lines.h"
#include "tests/fuzz/fuzz_input.h"
#include "tests/unit/server/http1/parser_support.h"

namespace prefork::fuzzing {
namespace {

using Fields = std::vector<http::Field>;

constexpr std::int64_t kLastSecond = 253402300799;  // of the year 9999
constexpr std::int64_t kYear = 366 * std::int64_t{86400};

bool has(const Fields& fields, std::string_view lower_name) {
  return std::any_of(fields.begin(), fields.end(), [lower_name](const http::Field& field) {
    return config::equals_ignoring_case(field.name, lower_name);
  });
}

Fields without(Fields fields, std::string_view lower_name) {
  std::erase_if(fields, [lower_name](const http::Field& field) {
    return config::equals_ignoring_case(field.name, lower_name);
  });
  return fields;
}

Fields reversed(Fields fields) {
  std::reverse(fields.begin(), fields.end());
  return fields;
}

Fields with(Fields fields, std::string_view name, std::string_view value) {
  fields.push_back({name, value});
  return fields;
}

// What is read is written the same way, and read again as the same second.
void check_date(std::int64_t now, std::string_view text) {
  const auto seconds = http::parse_http_date(text, now);
  if (!seconds || *seconds > kLastSecond) {
    return;
  }
  const http::HttpDateText written = http::format_http_date(*seconds);
  PREFORK_CHECK(http::parse_http_date(written.view(), 0) == seconds);
  const bool is_leap_second = text.find("23:59:60") != std::string_view::npos;
  if (text.size() == written.view().size() && text.find('-') == std::string_view::npos &&
      !is_leap_second) {
    PREFORK_CHECK(text.substr(3) == written.view().substr(3));  // the weekday may be wrong
  }
  if (text.find('-') != std::string_view::npos) {  // two digits of a year
    PREFORK_CHECK(*seconds <= now + 51 * kYear && *seconds >= now - 51 * kYear);
  }
}

void check_date_of(std::int64_t seconds) {
  PREFORK_CHECK(http::parse_http_date(http::format_http_date(seconds).view(), 0) == seconds);
}

void check_tags(std::string_view text, const Fields& fields) {
  const auto tag = http::parse_entity_tag(text);
  if (tag) {
    PREFORK_CHECK((tag->weak ? "W/\"" : "\"") + std::string(tag->opaque) + "\"" == text);
    PREFORK_CHECK(tag->opaque.find('"') == std::string_view::npos);
  }
  const http::EntityTag current{"v1", false};
  const std::string_view name = "if-none-match";
  const auto matches = [&](const Fields& lines, bool weak, http::TagComparison comparison) {
    return http::tag_list_matches(lines, name, http::EntityTag{current.opaque, weak}, true,
                                  comparison);
  };
  PREFORK_CHECK(!http::tag_list_matches(fields, name, current, false, http::TagComparison::weak));
  PREFORK_CHECK(!matches(fields, false, http::TagComparison::strong) ||
                matches(fields, false, http::TagComparison::weak));
  PREFORK_CHECK(matches(fields, false, http::TagComparison::weak) ==
                matches(fields, true, http::TagComparison::weak));
  PREFORK_CHECK(matches(reversed(fields), false, http::TagComparison::strong) ==
                matches(fields, false, http::TagComparison::strong));
  // A line of its own is understood whatever the others are.
  PREFORK_CHECK(matches(with(fields, name, "\"v1\""), false, http::TagComparison::strong));
  const bool is_any = std::any_of(fields.begin(), fields.end(),
                                  [](const http::Field& field) { return field.value == "*"; });
  PREFORK_CHECK(is_any || !matches(fields, true, http::TagComparison::strong));
}

void check_conditions(std::uint8_t choice, std::int64_t now, const Fields& fields) {
  constexpr std::array kMethods = {http::Method::get, http::Method::head, http::Method::put,
                                   http::Method::options};
  constexpr std::array<std::string_view, 4> kTags = {"\"v1\"", "W/\"v1\"", "", "junk"};
  const http::Method method = kMethods[choice % kMethods.size()];
  const bool is_read = method == http::Method::get || method == http::Method::head;
  http::Validators current;
  current.etag = kTags[choice / 4 % kTags.size()];
  current.exists = choice / 16 % 2 == 0;
  if (choice / 32 % 2 == 0) {
    current.last_modified = 784111777;  // Sun, 06 Nov 1994 08:49:37 GMT
  }
  const auto verdict = [&](const Fields& lines) {
    return http::evaluate_conditions(method, lines, current, now);
  };
  const http::Precondition result = verdict(fields);
  PREFORK_CHECK(result != http::Precondition::not_modified || is_read);
  PREFORK_CHECK(result == http::Precondition::proceed || method != http::Method::options);
  if (has(fields, "if-match")) {
    PREFORK_CHECK(verdict(without(fields, "if-unmodified-since")) == result);
  }
  if (has(fields, "if-none-match")) {
    PREFORK_CHECK(verdict(without(fields, "if-modified-since")) == result);
  }
  if (!is_read) {
    PREFORK_CHECK(verdict(without(fields, "if-modified-since")) == result);
  }
  Fields none = fields;
  for (const std::string_view name :
       {"if-match", "if-none-match", "if-modified-since", "if-unmodified-since"}) {
    none = without(none, name);
  }
  PREFORK_CHECK(verdict(none) == http::Precondition::proceed);

  PREFORK_CHECK(http::if_range_holds(without(fields, "if-range"), current, now));
  const bool holds = http::if_range_holds(fields, current, now);
  const auto wanted = http::parse_entity_tag(fields.empty() ? "" : fields.front().value);
  if (has(fields, "if-range") && wanted && current.etag != "\"v1\"") {
    PREFORK_CHECK(!holds || !config::equals_ignoring_case(fields.front().name, "if-range"));
  }
}

std::vector<bool> bytes_of(const http::RangeSelection& selection, std::uint64_t size) {
  std::vector<bool> bytes(size);
  for (const http::ByteRange& range : selection.ranges()) {
    std::fill(bytes.begin() + static_cast<std::ptrdiff_t>(range.first),
              bytes.begin() + static_cast<std::ptrdiff_t>(range.last) + 1, true);
  }
  return bytes;
}

// Together, several members select what each would alone.
void check_members(std::string_view value, const http::RangeSelection& selection,
                   std::uint64_t size) {
  std::string_view rest = value;
  config::take_until(rest, '=');
  std::vector<bool> bytes(size);
  while (!rest.empty()) {
    const std::string one = "bytes=" + std::string(config::take_until(rest, ','));
    const Fields line = {{"Range", one}};
    const std::vector<bool> more =
        bytes_of(http::select_ranges(http::Method::get, line, size), size);
    std::transform(bytes.begin(), bytes.end(), more.begin(), bytes.begin(),
                   [](bool a, bool b) { return a || b; });
  }
  PREFORK_CHECK(bytes_of(selection, size) == bytes);
}

void check_multipart(const http::RangeSelection& selection, std::uint64_t size) {
  const http::Multipart multipart{"boundary", selection.count % 2 == 0 ? "text/plain" : "", size};
  std::string text;
  std::uint64_t content = 0;
  for (const http::ByteRange& range : selection.ranges()) {
    http::append_part_head(text, multipart, range, text.empty());
    content += range.size();
  }
  http::append_multipart_end(text, multipart);
  PREFORK_CHECK(http::multipart_size(multipart, selection.ranges()) == text.size() + content);
}

void check_ranges(std::uint64_t size, const Fields& fields) {
  PREFORK_CHECK(http::select_ranges(http::Method::head, fields, size).kind ==
                http::RangeKind::whole);
  const http::RangeSelection selection = http::select_ranges(http::Method::get, fields, size);
  PREFORK_CHECK((selection.kind == http::RangeKind::partial) == (selection.count != 0));
  PREFORK_CHECK(selection.count <= http::kMaxByteRanges);
  std::vector<http::ByteRange> ranges(selection.ranges().begin(), selection.ranges().end());
  std::sort(ranges.begin(), ranges.end(),
            [](const http::ByteRange& a, const http::ByteRange& b) { return a.first < b.first; });
  std::uint64_t sum = 0;
  for (std::size_t i = 0; i < ranges.size(); ++i) {
    PREFORK_CHECK(ranges[i].first <= ranges[i].last && ranges[i].last < size);
    PREFORK_CHECK(i == 0 || ranges[i - 1].last + 1 < ranges[i].first);
    sum += ranges[i].size();
  }
  PREFORK_CHECK(sum <= size);
  check_multipart(selection, size);
  if (selection.kind == http::RangeKind::partial && size <= 4096) {
    for (const http::Field& field : fields) {
      if (config::equals_ignoring_case(field.name, "range")) {
        check_members(field.value, selection, size);
      }
    }
  }
}

void check_codings(std::uint8_t choice, const Fields& fields) {
  constexpr std::array kAll = {http::ContentCoding::br, http::ContentCoding::identity,
                               http::ContentCoding::gzip, http::ContentCoding::zstd};
  std::vector<http::ContentCoding> available;
  for (std::size_t i = 0; i < kAll.size(); ++i) {
    if ((choice >> i & 1) != 0) {
      available.push_back(kAll[i]);
    }
  }
  const auto is_available = [&available](http::ContentCoding coding) {
    return std::find(available.begin(), available.end(), coding) != available.end();
  };
  const auto chosen = http::choose_coding(fields, available);
  PREFORK_CHECK(!chosen || is_available(*chosen));
  PREFORK_CHECK(http::choose_coding(reversed(fields), available) == chosen);
  for (const http::ContentCoding coding : available) {
    const std::string refusal = std::string(http::coding_name(coding)) + ";q=0";
    PREFORK_CHECK(http::choose_coding(with(fields, "Accept-Encoding", refusal), available) !=
                  coding);
  }
  if (!has(fields, "accept-encoding") && is_available(http::ContentCoding::identity)) {
    PREFORK_CHECK(chosen == http::ContentCoding::identity);
  }
}

bool same(const http::Field& a, const http::Field& b) {
  return a.name == b.name && a.value == b.value;
}

// What goes into a list comes out of it, whatever is done to the fields of another name.
void check_field_list(const Fields& fields) {
  Fields sent;
  http::FieldList list;
  for (const http::Field& field : fields) {
    if (http::field_problem(field.name, field.value) == nullptr) {
      sent.push_back(field);
      list.append(field.name, field.value);
    }
  }
  PREFORK_CHECK(std::equal(list.begin(), list.end(), sent.begin(), sent.end(), same));
  if (sent.empty()) {
    return;
  }
  const std::string name(sent[sent.size() / 2].name);
  std::string lower_name = name;
  std::transform(name.begin(), name.end(), lower_name.begin(), config::to_lower);
  const http::FieldLines lines = http::FieldView(sent).lines(lower_name);
  PREFORK_CHECK(list.find(lower_name) == lines.first);
  http::FieldList set = list;
  set.set(name, "a longer value than most");
  PREFORK_CHECK(set.lines(lower_name).only() == "a longer value than most");
  std::erase_if(sent, [&lower_name](const http::Field& field) {
    return config::equals_ignoring_case(field.name, lower_name);
  });
  PREFORK_CHECK(set.remove(name) == 1 && list.remove(name) == lines.count);
  PREFORK_CHECK(set.wire() == list.wire());
  PREFORK_CHECK(std::equal(list.begin(), list.end(), sent.begin(), sent.end(), same));
}

void check_one(Input input) {
  const unsigned function = input.byte() % 6;
  const std::uint8_t choice = input.byte();
  const std::uint64_t number = choice * 0x0101010101ULL;
  const auto now = static_cast<std::int64_t>(number % 8000000000U);
  const http1::testing_parser::ExactBytes bytes(input.rest());
  const std::string_view text = bytes.view();
  switch (function) {
    case 0:
      check_date(now, text);
      check_date_of(now);
      break;
    case 1:
      check_tags(text, field_lines(text));
      break;
    case 2:
      check_conditions(choice, 784111777 + choice % 3, field_lines(text));
      break;
    case 3:
      check_ranges(choice < 128 ? choice : number * 0x01010101U, field_lines(text));
      break;
    case 4:
      check_codings(choice, field_lines(text));
      break;
    default:
      check_field_list(field_lines(text));
      break;
  }
}

}  // namespace
}  // namespace prefork::fuzzing

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  prefork::fuzzing::check_one({data, size});
  return 0;
}
