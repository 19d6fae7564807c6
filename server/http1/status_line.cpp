#include "server/http1/status_line.h"

#include <array>
#include <cstddef>

#include "server/http/status.h"

namespace prefork::http1 {

namespace {

constexpr std::string_view kVersion = "HTTP/1.1 ";
constexpr std::string_view kLineEnd = "\r\n";
constexpr std::size_t kCodeBytes = 4;  // with the space behind it

constexpr std::size_t kAllBytes = [] {
  std::size_t size = 0;
  for (const http::StatusPhrase& entry : http::kStatusPhrases) {
    size += kVersion.size() + kCodeBytes + entry.phrase.size() + kLineEnd.size();
  }
  return size;
}();

// All lines, one behind the other.
constexpr auto kText = [] {
  std::array<char, kAllBytes> text{};
  std::size_t at = 0;
  const auto append = [&text, &at](std::string_view part) {
    for (const char c : part) {
      text[at++] = c;
    }
  };
  for (const http::StatusPhrase& entry : http::kStatusPhrases) {
    append(kVersion);
    for (int unit = 100; unit > 0; unit /= 10) {
      text[at++] = static_cast<char>('0' + entry.status / unit % 10);
    }
    append(" ");
    append(entry.phrase);
    append(kLineEnd);
  }
  return text;
}();

// Index by status, so that the hot path is one load.
constexpr auto kLineByStatus = [] {
  std::array<std::string_view, 600> lines{};
  std::size_t at = 0;
  for (const http::StatusPhrase& entry : http::kStatusPhrases) {
    const std::size_t size = kVersion.size() + kCodeBytes + entry.phrase.size() + kLineEnd.size();
    lines[static_cast<std::size_t>(entry.status)] = std::string_view(kText.data() + at, size);
    at += size;
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

}  // namespace prefork::http1
