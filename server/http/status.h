// Status codes of RFC 9110 section 15 with their reason phrases. Pure.
#pragma once

#include <array>
#include <string_view>

namespace prefork::http {

struct StatusPhrase {
  int status;
  std::string_view phrase;
};

// The codes that the server itself and most applications use, in ascending order.
inline constexpr std::array kStatusPhrases = {
    StatusPhrase{100, "Continue"},
    StatusPhrase{101, "Switching Protocols"},
    StatusPhrase{103, "Early Hints"},
    StatusPhrase{200, "OK"},
    StatusPhrase{201, "Created"},
    StatusPhrase{202, "Accepted"},
    StatusPhrase{203, "Non-Authoritative Information"},
    StatusPhrase{204, "No Content"},
    StatusPhrase{205, "Reset Content"},
    StatusPhrase{206, "Partial Content"},
    StatusPhrase{300, "Multiple Choices"},
    StatusPhrase{301, "Moved Permanently"},
    StatusPhrase{302, "Found"},
    StatusPhrase{303, "See Other"},
    StatusPhrase{304, "Not Modified"},
    StatusPhrase{307, "Temporary Redirect"},
    StatusPhrase{308, "Permanent Redirect"},
    StatusPhrase{400, "Bad Request"},
    StatusPhrase{401, "Unauthorized"},
    StatusPhrase{402, "Payment Required"},
    StatusPhrase{403, "Forbidden"},
    StatusPhrase{404, "Not Found"},
    StatusPhrase{405, "Method Not Allowed"},
    StatusPhrase{406, "Not Acceptable"},
    StatusPhrase{407, "Proxy Authentication Required"},
    StatusPhrase{408, "Request Timeout"},
    StatusPhrase{409, "Conflict"},
    StatusPhrase{410, "Gone"},
    StatusPhrase{411, "Length Required"},
    StatusPhrase{412, "Precondition Failed"},
    StatusPhrase{413, "Content Too Large"},
    StatusPhrase{414, "URI Too Long"},
    StatusPhrase{415, "Unsupported Media Type"},
    StatusPhrase{416, "Range Not Satisfiable"},
    StatusPhrase{417, "Expectation Failed"},
    StatusPhrase{418, "I'm a teapot"},
    StatusPhrase{421, "Misdirected Request"},
    StatusPhrase{422, "Unprocessable Content"},
    StatusPhrase{423, "Locked"},
    StatusPhrase{425, "Too Early"},
    StatusPhrase{426, "Upgrade Required"},
    StatusPhrase{428, "Precondition Required"},
    StatusPhrase{429, "Too Many Requests"},
    StatusPhrase{431, "Request Header Fields Too Large"},
    StatusPhrase{451, "Unavailable For Legal Reasons"},
    StatusPhrase{500, "Internal Server Error"},
    StatusPhrase{501, "Not Implemented"},
    StatusPhrase{502, "Bad Gateway"},
    StatusPhrase{503, "Service Unavailable"},
    StatusPhrase{504, "Gateway Timeout"},
    StatusPhrase{505, "HTTP Version Not Supported"},
    StatusPhrase{507, "Insufficient Storage"},
};

// "Not Found" for 404; an empty phrase for a code without a registered name.
std::string_view reason_phrase(int status);

// Of the client's doing, or of the server's (RFC 9110 sections 15.5 and 15.6).
constexpr bool is_error(int status) { return status >= 400 && status <= 599; }
constexpr bool is_server_error(int status) { return status >= 500; }

// Whether an answer with this status never carries content, nor says how much there would be (RFC
// 9110 section 6.4.1).
constexpr bool is_bodyless(int status) {
  return (status >= 100 && status < 200) || status == 204 || status == 304;
}

// Whether an answer with this status has no content; that of a 205 says so, by its length of zero
// (RFC 9110 section 15.3.6).
constexpr bool is_without_content(int status) { return is_bodyless(status) || status == 205; }

}  // namespace prefork::http
