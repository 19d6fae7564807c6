// Control bytes: which function, and a number for it; the rest is a value or lines of fields.
// Dates, entity tags, conditions, ranges, codings and cookies keep what their headers promise.
#include <algorithm>
#include <array>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "server/accept_encoding.h"
#include "server/byte_ranges.h"
#include "server/conditional.h"
#include "server/cookie.h"
#include "server/etag.h"
#include "server/http_date.h"
#include "tests/fuzz/field_lines.h"
#include "tests/fuzz/fuzz_input.h"
#include "tests/unit/server_parser_support.h"

namespace prefork::fuzzing {
namespace {

using Fields = std::vector<Field>;

constexpr std::int64_t kLastSecond = 253402300799;  // of the year 9999
constexpr std::int64_t kYear = 366 * std::int64_t{86400};

bool has(const Fields& fields, std::string_view lower_name) {
  return std::any_of(fields.begin(), fields.end(), [lower_name](const Field& field) {
    return equals_ignoring_case(field.name, lower_name);
  });
}

Fields without(Fields fields, std::string_view lower_name) {
  std::erase_if(fields, [lower_name](const Field& field) {
    return equals_ignoring_case(field.name, lower_name);
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
  const auto seconds = parse_http_date(text, now);
  if (!seconds || *seconds > kLastSecond) {
    return;
  }
  const HttpDateText written = format_http_date(*seconds);
  PREFORK_CHECK(parse_http_date(written.view(), 0) == seconds);
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
  PREFORK_CHECK(parse_http_date(format_http_date(seconds).view(), 0) == seconds);
}

void check_tags(std::string_view text, const Fields& fields) {
  const auto tag = parse_entity_tag(text);
  if (tag) {
    PREFORK_CHECK((tag->weak ? "W/\"" : "\"") + std::string(tag->opaque) + "\"" == text);
    PREFORK_CHECK(tag->opaque.find('"') == std::string_view::npos);
  }
  const EntityTag current{"v1", false};
  const std::string_view name = "if-none-match";
  const auto matches = [&](const Fields& lines, bool weak, TagComparison comparison) {
    return tag_list_matches(lines, name, EntityTag{current.opaque, weak}, true, comparison);
  };
  PREFORK_CHECK(!tag_list_matches(fields, name, current, false, TagComparison::weak));
  PREFORK_CHECK(!matches(fields, false, TagComparison::strong) ||
                matches(fields, false, TagComparison::weak));
  PREFORK_CHECK(matches(fields, false, TagComparison::weak) ==
                matches(fields, true, TagComparison::weak));
  PREFORK_CHECK(matches(reversed(fields), false, TagComparison::strong) ==
                matches(fields, false, TagComparison::strong));
  // A line of its own is understood whatever the others are.
  PREFORK_CHECK(matches(with(fields, name, "\"v1\""), false, TagComparison::strong));
  const bool is_any = std::any_of(fields.begin(), fields.end(),
                                  [](const Field& field) { return field.value == "*"; });
  PREFORK_CHECK(is_any || !matches(fields, true, TagComparison::strong));
}

void check_conditions(std::uint8_t choice, std::int64_t now, const Fields& fields) {
  constexpr std::array kMethods = {Method::get, Method::head, Method::put, Method::options};
  constexpr std::array<std::string_view, 4> kTags = {"\"v1\"", "W/\"v1\"", "", "junk"};
  const Method method = kMethods[choice % kMethods.size()];
  const bool is_read = method == Method::get || method == Method::head;
  Validators current;
  current.etag = kTags[choice / 4 % kTags.size()];
  current.exists = choice / 16 % 2 == 0;
  if (choice / 32 % 2 == 0) {
    current.last_modified = 784111777;  // Sun, 06 Nov 1994 08:49:37 GMT
  }
  const auto verdict = [&](const Fields& lines) {
    return evaluate_conditions(method, lines, current, now);
  };
  const Precondition result = verdict(fields);
  PREFORK_CHECK(result != Precondition::not_modified || is_read);
  PREFORK_CHECK(result == Precondition::proceed || method != Method::options);
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
  PREFORK_CHECK(verdict(none) == Precondition::proceed);

  PREFORK_CHECK(if_range_holds(without(fields, "if-range"), current, now));
  const bool holds = if_range_holds(fields, current, now);
  const auto wanted = parse_entity_tag(fields.empty() ? "" : fields.front().value);
  if (has(fields, "if-range") && wanted && current.etag != "\"v1\"") {
    PREFORK_CHECK(!holds || !equals_ignoring_case(fields.front().name, "if-range"));
  }
}

std::vector<bool> bytes_of(const RangeSelection& selection, std::uint64_t size) {
  std::vector<bool> bytes(size);
  for (const ByteRange& range : selection.ranges()) {
    std::fill(bytes.begin() + static_cast<std::ptrdiff_t>(range.first),
              bytes.begin() + static_cast<std::ptrdiff_t>(range.last) + 1, true);
  }
  return bytes;
}

// Together, several members select what each would alone.
void check_members(std::string_view value, const RangeSelection& selection, std::uint64_t size) {
  std::string_view rest = value;
  take_until(rest, '=');
  std::vector<bool> bytes(size);
  while (!rest.empty()) {
    const std::string one = "bytes=" + std::string(take_until(rest, ','));
    const Fields line = {{"Range", one}};
    const std::vector<bool> more = bytes_of(select_ranges(Method::get, line, size), size);
    std::transform(bytes.begin(), bytes.end(), more.begin(), bytes.begin(),
                   [](bool a, bool b) { return a || b; });
  }
  PREFORK_CHECK(bytes_of(selection, size) == bytes);
}

void check_multipart(const RangeSelection& selection, std::uint64_t size) {
  const Multipart multipart{"boundary", selection.count % 2 == 0 ? "text/plain" : "", size};
  std::string text;
  std::uint64_t content = 0;
  for (const ByteRange& range : selection.ranges()) {
    append_part_head(text, multipart, range, text.empty());
    content += range.size();
  }
  append_multipart_end(text, multipart);
  PREFORK_CHECK(multipart_size(multipart, selection.ranges()) == text.size() + content);
}

void check_ranges(std::uint64_t size, const Fields& fields) {
  PREFORK_CHECK(select_ranges(Method::head, fields, size).kind == RangeKind::whole);
  const RangeSelection selection = select_ranges(Method::get, fields, size);
  PREFORK_CHECK((selection.kind == RangeKind::partial) == (selection.count != 0));
  PREFORK_CHECK(selection.count <= kMaxByteRanges);
  std::vector<ByteRange> ranges(selection.ranges().begin(), selection.ranges().end());
  std::sort(ranges.begin(), ranges.end(),
            [](const ByteRange& a, const ByteRange& b) { return a.first < b.first; });
  std::uint64_t sum = 0;
  for (std::size_t i = 0; i < ranges.size(); ++i) {
    PREFORK_CHECK(ranges[i].first <= ranges[i].last && ranges[i].last < size);
    PREFORK_CHECK(i == 0 || ranges[i - 1].last + 1 < ranges[i].first);
    sum += ranges[i].size();
  }
  PREFORK_CHECK(sum <= size);
  check_multipart(selection, size);
  if (selection.kind == RangeKind::partial && size <= 4096) {
    for (const Field& field : fields) {
      if (equals_ignoring_case(field.name, "range")) {
        check_members(field.value, selection, size);
      }
    }
  }
}

void check_codings(std::uint8_t choice, const Fields& fields) {
  constexpr std::array kAll = {ContentCoding::br, ContentCoding::identity, ContentCoding::gzip,
                               ContentCoding::zstd};
  std::vector<ContentCoding> available;
  for (std::size_t i = 0; i < kAll.size(); ++i) {
    if ((choice >> i & 1) != 0) {
      available.push_back(kAll[i]);
    }
  }
  const auto is_available = [&available](ContentCoding coding) {
    return std::find(available.begin(), available.end(), coding) != available.end();
  };
  const auto chosen = choose_coding(fields, available);
  PREFORK_CHECK(!chosen || is_available(*chosen));
  PREFORK_CHECK(choose_coding(reversed(fields), available) == chosen);
  for (const ContentCoding coding : available) {
    const std::string refusal = std::string(coding_name(coding)) + ";q=0";
    PREFORK_CHECK(choose_coding(with(fields, "Accept-Encoding", refusal), available) != coding);
  }
  if (!has(fields, "accept-encoding") && is_available(ContentCoding::identity)) {
    PREFORK_CHECK(chosen == ContentCoding::identity);
  }
}

void check_cookies(const Fields& fields) {
  const auto lies_in_a_field = [&fields](std::string_view view) {
    return std::any_of(fields.begin(), fields.end(), [view](const Field& field) {
      return view.data() >= field.value.data() &&
             view.data() + view.size() <= field.value.data() + field.value.size();
    });
  };
  std::size_t most = 0;
  for (const Field& field : fields) {
    most += 1 + static_cast<std::size_t>(std::count(field.value.begin(), field.value.end(), ';'));
  }
  CookieReader reader(fields);
  std::vector<Cookie> cookies;
  while (const auto cookie = reader.next()) {
    PREFORK_CHECK(cookies.size() < most);
    PREFORK_CHECK(is_token(cookie->name));
    PREFORK_CHECK(cookie->value.find(';') == std::string_view::npos);
    PREFORK_CHECK(lies_in_a_field(cookie->name) && lies_in_a_field(cookie->value));
    const auto first =
        std::find_if(cookies.begin(), cookies.end(),
                     [&cookie](const Cookie& before) { return before.name == cookie->name; });
    const auto found = find_cookie(fields, cookie->name);
    PREFORK_CHECK(found == (first == cookies.end() ? cookie->value : first->value));
    cookies.push_back(*cookie);
  }
  PREFORK_CHECK(!find_cookie(fields, "no such name"));
}

void check_one(Input input) {
  const unsigned function = input.byte() % 6;
  const std::uint8_t choice = input.byte();
  const std::uint64_t number = choice * 0x0101010101ULL;
  const auto now = static_cast<std::int64_t>(number % 8000000000U);
  const testing_parser::ExactBytes bytes(input.rest());
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
      check_cookies(field_lines(text));
      break;
  }
}

}  // namespace
}  // namespace prefork::fuzzing

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  prefork::fuzzing::check_one({data, size});
  return 0;
}
