// The id that a trusted proxy has given a request (X-Request-Id), for the logs. A pure function.
#pragma once

#include <string_view>

#include "server/http/request.h"

namespace prefork::http {

inline constexpr std::size_t kMaxRequestIdBytes = 128;

// Empty: no trusted proxy gave it one, or one that is no single word of visible ASCII, at most so
// long.
std::string_view request_id_text(const Request& request);

}  // namespace prefork::http
