// Conditional requests (RFC 9110 section 13): what If-Match, If-None-Match, If-Modified-Since,
// If-Unmodified-Since and If-Range say about a representation. Pure functions; any bytes may come
// in, time is linear in their number.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

#include "server/http/request.h"

namespace prefork::http {

// What is known of the selected representation as it is now.
struct Validators {
  std::string_view etag;                      // as in ETag, quotes and all; empty: it has none
  std::optional<std::int64_t> last_modified;  // in seconds, as in Last-Modified
  bool exists = true;                         // false: PUT would create it
};

enum class Precondition : std::uint8_t {
  proceed,
  not_modified,  // 304
  failed,        // 412
};

// The order of section 13.2.2. To be asked when the answer without conditions would be 2xx (or
// 412), just before the method is performed; other answers go out as they are. Methods that select
// no representation (CONNECT, OPTIONS, TRACE) always proceed. A date that is malformed or came
// twice is ignored; a malformed entity tag matches nothing. `now` is in seconds.
Precondition evaluate_conditions(Method method, FieldView fields, const Validators& current,
                                 std::int64_t now) noexcept;

// Whether Range may be followed as far as If-Range goes: there is none, or it names the current
// representation by a strong entity tag, or by the very date of Last-Modified if that second is
// over (`now` is what Date says), so that no other content can have it. Anything else: no range.
bool if_range_holds(FieldView fields, const Validators& current, std::int64_t now) noexcept;

}  // namespace prefork::http
