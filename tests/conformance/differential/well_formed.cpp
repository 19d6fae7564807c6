#include "tests/conformance/differential/well_formed.h"

#include <algorithm>
#include <charconv>

#include "config/base/text.h"

namespace prefork::test {

namespace {

using std::string_view;

bool is_visible_or_obs_text(char c) {
  return c == '\t' || (static_cast<unsigned char>(c) >= ' ' && c != 0x7F);
}

std::size_t content_length(string_view head) {
  std::size_t size = 0;
  for (const string_view line : lines_of(head)) {
    if (config::equals_ignoring_case(name_of(line), "content-length")) {
      const string_view value = value_of(line);
      std::from_chars(value.data(), value.data() + value.size(), size);
    }
  }
  return size;
}

// The size of the trailer section, its empty line included.
std::optional<std::size_t> size_of_trailers(string_view bytes) {
  std::size_t at = 0;
  for (;;) {
    const std::size_t end = bytes.find('\n', at);
    if (end == string_view::npos) {
      return std::nullopt;
    }
    const string_view line = bytes.substr(at, end - at);
    at = end + 1;
    if (line == "\r") {
      return at;
    }
    // They would frame the message anew.
    if (!is_field_line(line) || config::equals_ignoring_case(name_of(line), "content-length") ||
        config::equals_ignoring_case(name_of(line), "transfer-encoding")) {
      return std::nullopt;
    }
  }
}

// token [ "=" ( token / quoted-string ) ] after each semicolon.
bool is_chunk_extension(string_view text) {
  while (!text.empty()) {
    if (text.front() != ';') {
      return false;
    }
    text.remove_prefix(1);
    const std::size_t name_end = std::min(text.find_first_of("=;"), text.size());
    if (!config::is_token(text.substr(0, name_end))) {
      return false;
    }
    text.remove_prefix(name_end);
    if (!text.starts_with('=')) {
      continue;
    }
    text.remove_prefix(1);
    std::size_t end = std::min(text.find(';'), text.size());
    if (text.starts_with('"')) {
      end = 1;
      while (end < text.size() && text[end] != '"') {
        end += text[end] == '\\' ? 2U : 1U;
      }
      if (end >= text.size() || !std::all_of(text.begin(), text.end(), is_visible_or_obs_text)) {
        return false;
      }
      ++end;
    } else if (!config::is_token(text.substr(0, end))) {
      return false;
    }
    text.remove_prefix(end);
  }
  return true;
}

}  // namespace

std::size_t offset_of_request(string_view bytes, std::size_t before) {
  std::size_t at = 0;
  for (; before > 0 && at < bytes.size(); --before) {
    const string_view head = head_of(bytes.substr(at));
    at += head.size();
    const string_view rest = bytes.substr(at);
    at += is_chunked(head) ? size_of_chunked(rest).value_or(rest.size())
                           : std::min(content_length(head), rest.size());
  }
  return at;
}

string_view head_of(string_view bytes) {
  const std::size_t start = std::min(bytes.find_first_not_of("\r\n"), bytes.size());
  const std::size_t end = bytes.find("\r\n\r\n", start);
  return end == string_view::npos ? bytes : bytes.substr(0, end + 4);
}

std::vector<string_view> lines_of(string_view text) {
  std::vector<string_view> lines;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    lines.push_back(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return lines;
}

string_view name_of(string_view line) { return line.substr(0, line.find(':')); }

string_view value_of(string_view line) {
  if (line.ends_with('\r')) {
    line.remove_suffix(1);
  }
  const std::size_t colon = line.find(':');
  return colon == string_view::npos ? string_view() : config::trim(line.substr(colon + 1));
}

bool is_request_line(string_view line) {
  const std::size_t first = line.find(' ');
  const std::size_t second = line.find(' ', first + 1);
  if (first == string_view::npos || second == string_view::npos || second == first + 1 ||
      !config::is_token(line.substr(0, first))) {
    return false;
  }
  const string_view version = line.substr(second + 1);
  return version.size() == 9 && version.starts_with("HTTP/") && config::is_digit(version[5]) &&
         version[6] == '.' && config::is_digit(version[7]) && version[8] == '\r';
}

bool is_field_line(string_view line) {
  const std::size_t colon = line.find(':');
  if (!line.ends_with('\r') || colon == string_view::npos ||
      !config::is_token(line.substr(0, colon))) {
    return false;
  }
  const string_view value = line.substr(colon + 1, line.size() - colon - 2);
  return std::all_of(value.begin(), value.end(), is_visible_or_obs_text);
}

bool is_chunked(string_view head) {
  const std::vector<string_view> lines = lines_of(head);
  return std::any_of(lines.begin(), lines.end(), [](string_view line) {
    return config::equals_ignoring_case(name_of(line), "transfer-encoding") &&
           config::equals_ignoring_case(value_of(line), "chunked");
  });
}

std::optional<std::size_t> size_of_chunked(string_view bytes) {
  std::size_t at = 0;
  for (;;) {
    const std::size_t end = bytes.find("\r\n", at);
    if (end == string_view::npos) {
      return std::nullopt;
    }
    const string_view line = bytes.substr(at, end - at);
    const string_view digits = line.substr(0, line.find(';'));
    std::size_t size = 0;
    const auto [stop, error] =
        std::from_chars(digits.data(), digits.data() + digits.size(), size, 16);
    if (error != std::errc{} || stop != digits.data() + digits.size() || digits[0] == '-' ||
        !is_chunk_extension(line.substr(digits.size()))) {
      return std::nullopt;
    }
    at = end + 2;
    if (size == 0) {
      const auto trailers = size_of_trailers(bytes.substr(at));
      return trailers ? std::optional(at + *trailers) : std::nullopt;
    }
    if (size > bytes.size() - at || bytes.substr(at + size, 2) != "\r\n") {
      return std::nullopt;
    }
    at += size + 2;
  }
}

bool has_list_item(string_view list, string_view item) {
  while (!list.empty()) {
    if (config::equals_ignoring_case(config::trim(config::take_until(list, ',')), item)) {
      return true;
    }
  }
  return false;
}

}  // namespace prefork::test
