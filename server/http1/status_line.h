// Ready-made status lines (RFC 9112 section 4) for the codes with a registered reason phrase. Pure.
#pragma once

#include <string_view>

namespace prefork::http1 {

// "HTTP/1.1 404 Not Found\r\n"; empty for a code without a phrase, whose line is formatted.
std::string_view status_line(int status);

}  // namespace prefork::http1
