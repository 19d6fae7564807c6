#include "server/files/path.h"

#include <algorithm>

#include "config/base/text.h"

namespace prefork::files {

namespace {

constexpr bool is_plain_in_url(char c) {
  // Unreserved and sub-delims of RFC 3986 section 3.3 without the quotes and brackets that have a
  // meaning in HTML or in log lines, and the slash between segments.
  constexpr std::string_view kOther = "-._~!$&*+,;=@/";
  return config::is_digit(c) || (config::to_lower(c) >= 'a' && config::to_lower(c) <= 'z') ||
         kOther.find(c) != std::string_view::npos;
}

}  // namespace

bool is_hidden_name(std::string_view segment) noexcept {
  return segment.starts_with('.') && segment != ".well-known";
}

bool is_reachable_name(std::string_view segment) noexcept {
  return std::none_of(segment.begin(), segment.end(),
                      [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7F; });
}

std::string_view name_static_path(std::string_view path, std::string& storage) {
  if (!path.starts_with('/') || path.find('\0') != std::string_view::npos) {
    return {};
  }
  bool has_empty_segments = false;
  for (std::string_view rest = path.substr(1); !rest.empty();) {
    const std::string_view segment = config::take_until(rest, '/');
    if (is_hidden_name(segment)) {
      return {};
    }
    has_empty_segments = has_empty_segments || segment.empty();
  }
  if (!has_empty_segments) {
    return path;
  }
  storage.clear();
  for (const char c : path) {
    if (c != '/' || !storage.ends_with('/')) {
      storage.push_back(c);
    }
  }
  return storage;
}

bool has_extension(std::string_view path) noexcept {
  return path.substr(path.rfind('/') + 1).find('.') != std::string_view::npos;
}

void append_url_path(std::string& out, std::string_view path) {
  constexpr std::string_view kDigits = "0123456789ABCDEF";
  for (const char c : path) {
    if (is_plain_in_url(c)) {
      out.push_back(c);
    } else {
      const auto byte = static_cast<unsigned char>(c);
      out.push_back('%');
      out.push_back(kDigits[byte >> 4]);
      out.push_back(kDigits[byte & 15]);
    }
  }
}

}  // namespace prefork::files
