// Status codes of RFC 9110 section 15, with their reason phrases and ready-made status lines.
#pragma once

#include <string_view>

namespace prefork::http {

// "Not Found" for 404; an empty phrase for a code without a registered name.
std::string_view reason_phrase(int status);

// "HTTP/1.1 404 Not Found\r\n" for the codes the server itself and most applications use; empty
// for others, which are formatted.
std::string_view status_line(int status);

// Whether an answer with this status never carries content (RFC 9110 section 6.4.1).
constexpr bool is_bodyless(int status) {
  return (status >= 100 && status < 200) || status == 204 || status == 304;
}

}  // namespace prefork::http
