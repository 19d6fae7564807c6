#include "server/http/status.h"

#include <array>

namespace prefork::http {

namespace {

struct Entry {
  int status;
  std::string_view line;
};

constexpr std::string_view kPrefix = "HTTP/1.1 200 ";

constexpr std::array kStatusLines = {
    Entry{100, "HTTP/1.1 100 Continue\r\n"},
    Entry{101, "HTTP/1.1 101 Switching Protocols\r\n"},
    Entry{103, "HTTP/1.1 103 Early Hints\r\n"},
    Entry{200, "HTTP/1.1 200 OK\r\n"},
    Entry{201, "HTTP/1.1 201 Created\r\n"},
    Entry{202, "HTTP/1.1 202 Accepted\r\n"},
    Entry{203, "HTTP/1.1 203 Non-Authoritative Information\r\n"},
    Entry{204, "HTTP/1.1 204 No Content\r\n"},
    Entry{205, "HTTP/1.1 205 Reset Content\r\n"},
    Entry{206, "HTTP/1.1 206 Partial Content\r\n"},
    Entry{300, "HTTP/1.1 300 Multiple Choices\r\n"},
    Entry{301, "HTTP/1.1 301 Moved Permanently\r\n"},
    Entry{302, "HTTP/1.1 302 Found\r\n"},
    Entry{303, "HTTP/1.1 303 See Other\r\n"},
    Entry{304, "HTTP/1.1 304 Not Modified\r\n"},
    Entry{307, "HTTP/1.1 307 Temporary Redirect\r\n"},
    Entry{308, "HTTP/1.1 308 Permanent Redirect\r\n"},
    Entry{400, "HTTP/1.1 400 Bad Request\r\n"},
    Entry{401, "HTTP/1.1 401 Unauthorized\r\n"},
    Entry{402, "HTTP/1.1 402 Payment Required\r\n"},
    Entry{403, "HTTP/1.1 403 Forbidden\r\n"},
    Entry{404, "HTTP/1.1 404 Not Found\r\n"},
    Entry{405, "HTTP/1.1 405 Method Not Allowed\r\n"},
    Entry{406, "HTTP/1.1 406 Not Acceptable\r\n"},
    Entry{407, "HTTP/1.1 407 Proxy Authentication Required\r\n"},
    Entry{408, "HTTP/1.1 408 Request Timeout\r\n"},
    Entry{409, "HTTP/1.1 409 Conflict\r\n"},
    Entry{410, "HTTP/1.1 410 Gone\r\n"},
    Entry{411, "HTTP/1.1 411 Length Required\r\n"},
    Entry{412, "HTTP/1.1 412 Precondition Failed\r\n"},
    Entry{413, "HTTP/1.1 413 Content Too Large\r\n"},
    Entry{414, "HTTP/1.1 414 URI Too Long\r\n"},
    Entry{415, "HTTP/1.1 415 Unsupported Media Type\r\n"},
    Entry{416, "HTTP/1.1 416 Range Not Satisfiable\r\n"},
    Entry{417, "HTTP/1.1 417 Expectation Failed\r\n"},
    Entry{418, "HTTP/1.1 418 I'm a teapot\r\n"},
    Entry{421, "HTTP/1.1 421 Misdirected Request\r\n"},
    Entry{422, "HTTP/1.1 422 Unprocessable Content\r\n"},
    Entry{423, "HTTP/1.1 423 Locked\r\n"},
    Entry{425, "HTTP/1.1 425 Too Early\r\n"},
    Entry{426, "HTTP/1.1 426 Upgrade Required\r\n"},
    Entry{428, "HTTP/1.1 428 Precondition Required\r\n"},
    Entry{429, "HTTP/1.1 429 Too Many Requests\r\n"},
    Entry{431, "HTTP/1.1 431 Request Header Fields Too Large\r\n"},
    Entry{451, "HTTP/1.1 451 Unavailable For Legal Reasons\r\n"},
    Entry{500, "HTTP/1.1 500 Internal Server Error\r\n"},
    Entry{501, "HTTP/1.1 501 Not Implemented\r\n"},
    Entry{502, "HTTP/1.1 502 Bad Gateway\r\n"},
    Entry{503, "HTTP/1.1 503 Service Unavailable\r\n"},
    Entry{504, "HTTP/1.1 504 Gateway Timeout\r\n"},
    Entry{505, "HTTP/1.1 505 HTTP Version Not Supported\r\n"},
    Entry{507, "HTTP/1.1 507 Insufficient Storage\r\n"},
};

// Index by status, so that the hot path is one load.
constexpr auto kLineByStatus = [] {
  std::array<std::string_view, 600> lines{};
  for (const Entry& entry : kStatusLines) {
    lines[static_cast<std::size_t>(entry.status)] = entry.line;
  }
  return lines;
}();

}  // namespace

std::string_view status_line(int status) {
  if (status < 0 || status >= static_cast<int>(kLineByStatus.size())) {
    return {};
  }
  return kLineByStatus[static_cast<std::size_t>(status)];
}

std::string_view reason_phrase(int status) {
  std::string_view line = status_line(status);
  if (line.empty()) {
    return {};
  }
  line.remove_prefix(kPrefix.size());
  line.remove_suffix(2);
  return line;
}

}  // namespace prefork::http
