// Range requests (RFC 9110 section 14): which bytes of a representation a Range field asks for, and
// the text around them in the answer. Pure functions; any bytes may come in, time is linear in
// their number.
//
// Against requests that want much work for little (section 17.15) a field with more than
// kMaxByteRanges ranges is ignored, and ranges that overlap or touch are merged: what is sent is
// never more than the file, but for the heads of at most that many parts.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "server/http/fixed_text.h"
#include "server/http/request.h"

namespace prefork::http {

inline constexpr std::size_t kMaxByteRanges = 32;

// Both ends belong to it.
struct ByteRange {
  std::uint64_t first = 0;
  std::uint64_t last = 0;

  [[nodiscard]] std::uint64_t size() const noexcept { return last - first + 1; }
  bool operator==(const ByteRange&) const = default;
};

enum class RangeKind : std::uint8_t {
  whole,          // 200: no Range, or one that is ignored
  partial,        // 206: one range, or several as multipart/byteranges
  unsatisfiable,  // 416 with unsatisfied_range_text
};

struct RangeSelection {
  RangeKind kind = RangeKind::whole;
  std::size_t count = 0;  // at least 1 if partial
  std::array<ByteRange, kMaxByteRanges> storage;

  // Inside the representation, apart from each other, in the order they were asked for.
  [[nodiscard]] std::span<const ByteRange> ranges() const noexcept {
    return std::span(storage).first(count);
  }
};

// `size` is the representation's. Range is ignored if the method is not GET, if it came twice, and
// if any of it is malformed or not in bytes. Of an empty representation, a range that starts at its
// beginning is all there is: 200. Whether If-Range allows it is asked elsewhere.
RangeSelection select_ranges(Method method, FieldView fields, std::uint64_t size) noexcept;

// Content-Range of one range, "bytes 0-4/18000", and of 416, "bytes */18000".
using ContentRangeText = FixedText<6 + 20 + 1 + 20 + 1 + 20>;
ContentRangeText content_range_text(const ByteRange& range, std::uint64_t size) noexcept;
ContentRangeText unsatisfied_range_text(std::uint64_t size) noexcept;

// What all parts of a multipart/byteranges body have in common.
struct Multipart {
  std::string_view boundary;      // of at most 70 characters, in none of the parts
  std::string_view content_type;  // of each part; empty: none
  std::uint64_t size = 0;         // of the whole representation
};

// The body is, for each range, a part head and the bytes of the range; then the end.
void append_part_head(std::string& out, const Multipart& multipart, const ByteRange& range,
                      bool is_first);
void append_multipart_end(std::string& out, const Multipart& multipart);

// Content-Length of the body.
std::uint64_t multipart_size(const Multipart& multipart,
                             std::span<const ByteRange> ranges) noexcept;

}  // namespace prefork::http
