#include "server/http/byte_ranges.h"

#include <algorithm>
#include <limits>
#include <optional>

#include "config/base/text.h"
#include "server/http/field.h"

namespace prefork::http {
namespace {

constexpr std::uint64_t kMaxPosition = std::numeric_limits<std::uint64_t>::max();

// As sent: `first` to `last`, or the last `last` bytes.
struct RangeSpec {
  bool is_suffix = false;
  std::uint64_t first = 0;
  std::uint64_t last = kMaxPosition;
};

// Digits only. What is too large for the type is beyond any file and stays at its maximum.
std::optional<std::uint64_t> parse_position(std::string_view digits) noexcept {
  if (digits.empty()) {
    return std::nullopt;
  }
  std::uint64_t position = 0;
  for (const char c : digits) {
    if (!config::is_digit(c)) {
      return std::nullopt;
    }
    const auto digit = static_cast<std::uint64_t>(c - '0');
    position = position > (kMaxPosition - digit) / 10 ? kMaxPosition : position * 10 + digit;
  }
  return position;
}

// int-range or suffix-range
std::optional<RangeSpec> parse_spec(std::string_view text) noexcept {
  const std::size_t dash = text.find('-');
  if (dash == std::string_view::npos) {
    return std::nullopt;
  }
  RangeSpec spec;
  spec.is_suffix = dash == 0;
  if (!spec.is_suffix) {
    const auto first = parse_position(text.substr(0, dash));
    if (!first) {
      return std::nullopt;
    }
    spec.first = *first;
  }
  const std::string_view end = text.substr(dash + 1);
  if (spec.is_suffix || !end.empty()) {
    const auto last = parse_position(end);
    if (!last || *last < spec.first) {
      return std::nullopt;
    }
    spec.last = *last;
  }
  return spec;
}

// The part of it that exists, if any.
std::optional<ByteRange> resolve(const RangeSpec& spec, std::uint64_t size) noexcept {
  if (spec.is_suffix) {
    const std::uint64_t wanted = std::min(spec.last, size);
    return wanted == 0 ? std::nullopt : std::optional(ByteRange{size - wanted, size - 1});
  }
  return spec.first < size ? std::optional(ByteRange{spec.first, std::min(spec.last, size - 1)})
                           : std::nullopt;
}

bool starts_at_the_beginning_of_nothing(const RangeSpec& spec) noexcept {
  return spec.is_suffix ? spec.last != 0 : spec.first == 0;
}

// No overflow: neither end is the largest number, as both lie inside a representation.
bool overlap_or_touch(const ByteRange& a, const ByteRange& b) noexcept {
  return a.first <= b.last + 1 && b.first <= a.last + 1;
}

// Adds a range; those it overlaps or touches become one with it, at the place of the first of them.
// One pass will do, as the ranges that are there are apart from each other.
void add_range(RangeSelection& selection, ByteRange range) noexcept {
  std::size_t kept = 0;
  std::size_t place = selection.count;
  for (std::size_t i = 0; i < selection.count; ++i) {
    const ByteRange present = selection.storage[i];
    if (!overlap_or_touch(present, range)) {
      selection.storage[kept++] = present;
      continue;
    }
    range = {std::min(present.first, range.first), std::max(present.last, range.last)};
    if (place == selection.count) {
      place = kept++;  // kept free for the union
    }
  }
  if (place == selection.count) {
    place = kept++;
  }
  selection.storage[place] = range;
  selection.count = kept;
}

RangeSelection parse_range_field(std::string_view value, std::uint64_t size) noexcept {
  RangeSelection selection;
  std::string_view rest = value;
  if (value.find('=') == std::string_view::npos ||
      !config::equals_ignoring_case(config::take_until(rest, '='), "bytes")) {
    return {};
  }
  std::size_t spec_count = 0;
  bool is_all_of_nothing = false;
  while (!rest.empty()) {
    const std::string_view member = config::trim(config::take_until(rest, ','));
    if (member.empty()) {
      continue;
    }
    const auto spec = parse_spec(member);
    if (!spec || ++spec_count > kMaxByteRanges) {
      return {};
    }
    if (const auto range = resolve(*spec, size)) {
      add_range(selection, *range);
    } else if (size == 0 && starts_at_the_beginning_of_nothing(*spec)) {
      is_all_of_nothing = true;
    }
  }
  if (spec_count == 0 || is_all_of_nothing) {
    return {};
  }
  selection.kind = selection.count == 0 ? RangeKind::unsatisfiable : RangeKind::partial;
  return selection;
}

// The pieces of a part's head, for whoever writes or counts them.
template <typename Take>
void for_each_piece_of_head(const Multipart& multipart, const ByteRange& range, bool is_first,
                            const Take& take) {
  take(is_first ? "--" : "\r\n--");
  take(multipart.boundary);
  if (!multipart.content_type.empty()) {
    take("\r\nContent-Type: ");
    take(multipart.content_type);
  }
  take("\r\nContent-Range: ");
  take(content_range_text(range, multipart.size).view());
  take("\r\n\r\n");
}

template <typename Take>
void for_each_piece_of_end(const Multipart& multipart, const Take& take) {
  take("\r\n--");
  take(multipart.boundary);
  take("--\r\n");
}

}  // namespace

RangeSelection select_ranges(Method method, FieldView fields, std::uint64_t size) noexcept {
  if (method != Method::get) {
    return {};
  }
  const auto value = fields.lines(KnownField::range).only();
  return value ? parse_range_field(*value, size) : RangeSelection();
}

ContentRangeText content_range_text(const ByteRange& range, std::uint64_t size) noexcept {
  ContentRangeText text;
  text.append("bytes ").append_number(range.first).append("-").append_number(range.last);
  text.append("/").append_number(size);
  return text;
}

ContentRangeText unsatisfied_range_text(std::uint64_t size) noexcept {
  ContentRangeText text;
  text.append("bytes */").append_number(size);
  return text;
}

void append_part_head(std::string& out, const Multipart& multipart, const ByteRange& range,
                      bool is_first) {
  for_each_piece_of_head(multipart, range, is_first,
                         [&out](std::string_view piece) { out.append(piece); });
}

void append_multipart_end(std::string& out, const Multipart& multipart) {
  for_each_piece_of_end(multipart, [&out](std::string_view piece) { out.append(piece); });
}

std::uint64_t multipart_size(const Multipart& multipart,
                             std::span<const ByteRange> ranges) noexcept {
  std::uint64_t total = 0;
  const auto count = [&total](std::string_view piece) { total += piece.size(); };
  bool is_first = true;
  for (const ByteRange& range : ranges) {
    for_each_piece_of_head(multipart, range, is_first, count);
    total += range.size();
    is_first = false;
  }
  for_each_piece_of_end(multipart, count);
  return total;
}

}  // namespace prefork::http
