// Dates in fields (RFC 9110 section 5.6.7), as seconds since 1970-01-01 00:00:00 UTC. Pure
// functions; any bytes may come in, and all of them are looked at once at most.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "server/http/fixed_text.h"

namespace prefork::http {

// "Sun, 06 Nov 1994 08:49:37 GMT"
using HttpDateText = FixedText<29>;

// Years the format has no room for become 0000 or 9999.
HttpDateText format_http_date(std::int64_t seconds) noexcept;

// All three forms: IMF-fixdate, RFC 850 (whose two-digit year is no more than 50 years after `now`)
// and asctime. Strict in form, case and calendar; 23:59:60 is the next day's first second. The
// weekday must exist but need not be the right one: the rest says the same without it, and to
// ignore If-Unmodified-Since for its sake would let a lost update through.
std::optional<std::int64_t> parse_http_date(std::string_view text, std::int64_t now) noexcept;

}  // namespace prefork::http
