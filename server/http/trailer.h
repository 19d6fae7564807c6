// Fields behind the content (RFC 9110 section 6.5). Pure.
#pragma once

#include <cstddef>
#include <string_view>

namespace prefork::http {

// Of one answer, names and values.
inline constexpr std::size_t kMaxTrailerBytes = 8 * 1024;

// Why a field may not be sent there: it may not be sent at all (see field_problem()), or it says
// how the message is framed, routed, authenticated, kept or read, which comes too late then
// (section 6.5.1). Null: it may.
const char* trailer_problem(std::string_view name, std::string_view value);

}  // namespace prefork::http
