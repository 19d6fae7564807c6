// The heads that are measured: what wrk sends, and what browser.lua makes it send.
#pragma once

#include <string_view>

namespace prefork::bench {

inline constexpr std::string_view kPlain =
    "GET /plaintext HTTP/1.1\r\n"
    "Host: 127.0.0.1:8000\r\n"
    "\r\n";
inline constexpr std::string_view kBrowser =
    "GET /plaintext HTTP/1.1\r\n"
    "Host: www.example.org\r\n"
    "User-Agent: Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) "
    "Chrome/130.0.0.0 Safari/537.36\r\n"
    "Accept: text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,"
    "*/*;q=0.8\r\n"
    "Accept-Language: en-GB,en;q=0.9,de;q=0.8\r\n"
    "Accept-Encoding: gzip, deflate, br, zstd\r\n"
    "Connection: keep-alive\r\n"
    "Cookie: session=8f14e45fceea167a5a36dedd4bea2543; theme=dark; seen=1\r\n"
    "Referer: http://www.example.org/articles/2026/11/\r\n"
    "Upgrade-Insecure-Requests: 1\r\n"
    "Sec-Fetch-Dest: document\r\n"
    "Sec-Fetch-Mode: navigate\r\n"
    "Sec-Fetch-Site: same-origin\r\n"
    "\r\n";

}  // namespace prefork::bench
