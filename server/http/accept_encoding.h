// Which content coding a client gets: negotiation by Accept-Encoding (RFC 9110 section 12.5.3).
// Pure functions; any bytes may come in, time is linear in their number.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

#include "server/http/request.h"

namespace prefork::http {

enum class ContentCoding : std::uint8_t { identity, gzip, br, zstd };
inline constexpr std::size_t kContentCodingCount = 4;

// The registered name, as in Content-Encoding: "br".
std::string_view coding_name(ContentCoding coding) noexcept;

// The best of the codings there are, or nothing if the client refuses all of them (callers then
// send identity all the same). `available` is in the server's order of preference, which decides
// between codings the client likes equally. Identity that the client does not mention is taken
// when nothing it does mention is there. Without the field only identity is sent, if there is one.
// Malformed members are ignored; of a coding named twice the lower weight counts, so that a refusal
// always holds. Answers that depend on this carry `Vary: Accept-Encoding`.
std::optional<ContentCoding> choose_coding(FieldView fields,
                                           std::span<const ContentCoding> available) noexcept;

}  // namespace prefork::http
