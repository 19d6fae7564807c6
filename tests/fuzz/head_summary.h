// Everything the parser says of a head, as copies that can be compared, and what must be true of
// every head it accepts. The head is read a second time here, in the plainest way there is: a
// request that the two readings understand differently is one that could be smuggled past somebody.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "server/http/target.h"
#include "server/http1/request_parser.h"
#include "tests/fuzz/fuzz_input.h"

namespace prefork::fuzzing {

struct HeadSummary {
  http::Method method = http::Method::get;
  int version_minor = 0;
  std::string method_text, target, path, query, host;
  std::vector<std::pair<std::string, std::string>> fields;
  std::size_t head_size = 0;
  std::uint64_t content_length = 0;
  bool chunked = false;
  bool keep_alive = false;
  bool expects_continue = false;

  friend bool operator==(const HeadSummary&, const HeadSummary&) = default;
};

inline HeadSummary summarize(const http1::RequestParser& parser, const http::Request& request) {
  HeadSummary summary;
  summary.method = request.method;
  summary.version_minor = request.version_minor;
  summary.method_text = request.method_text;
  summary.target = request.target;
  summary.path = request.path;
  summary.query = request.query;
  summary.host = request.host;
  for (const http::Field& field : request.fields) {
    summary.fields.emplace_back(field.name, field.value);
  }
  summary.head_size = parser.head_size();
  summary.content_length = parser.content_length();
  summary.chunked = parser.is_chunked();
  summary.keep_alive = parser.keep_alive();
  summary.expects_continue = parser.expects_continue();
  return summary;
}

inline bool has_dot_segment(std::string_view path) {
  std::size_t begin = 0;
  while (begin <= path.size()) {
    const std::size_t end = std::min(path.find('/', begin), path.size());
    const std::string_view segment = path.substr(begin, end - begin);
    if (segment == "." || segment == "..") {
      return true;
    }
    begin = end + 1;
  }
  return false;
}

inline bool is_printable(char c) { return c > 0x20 && c < 0x7F; }

inline bool is_control(char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7F; }

// Any octet but the control characters; HTAB is allowed.
inline bool is_field_text(char c) { return c == '\t' || !is_control(c); }

inline void check_target_parts(const HeadSummary& head) {
  PREFORK_CHECK(std::all_of(head.target.begin(), head.target.end(), is_printable));
  PREFORK_CHECK(head.path == "*" ? head.method == http::Method::options
                                 : head.path.starts_with('/'));
  PREFORK_CHECK(std::none_of(head.path.begin(), head.path.end(), is_control));
  PREFORK_CHECK(!has_dot_segment(head.path));
  PREFORK_CHECK(head.query.empty() || head.target.ends_with("?" + head.query));
  PREFORK_CHECK(http::is_valid_authority(head.host) ||
                (head.host.empty() && head.version_minor == 0));
  PREFORK_CHECK(head.host.find_first_of("/@,?# \t") == std::string::npos);
}

// What the fields say about the body, against what the parser made of it.
inline void check_framing(const HeadSummary& head) {
  std::vector<std::string> hosts, lengths, codings;
  for (const auto& [name, value] : head.fields) {
    if (config::equals_ignoring_case(name, "host")) {
      hosts.push_back(value);
    } else if (config::equals_ignoring_case(name, "content-length")) {
      lengths.push_back(value);
    } else if (config::equals_ignoring_case(name, "transfer-encoding")) {
      codings.push_back(value);
    }
  }
  PREFORK_CHECK(hosts.size() == 1 || (hosts.empty() && head.version_minor == 0));
  PREFORK_CHECK(lengths.size() + codings.size() <= 1);
  PREFORK_CHECK(head.chunked == !codings.empty());
  PREFORK_CHECK(codings.empty() || config::equals_ignoring_case(codings.front(), "chunked"));
  std::uint64_t length = 0;
  for (const std::string& value : lengths) {
    PREFORK_CHECK(!value.empty());
    for (const char digit : value) {
      PREFORK_CHECK(config::is_digit(digit));
      length = length * 10 + static_cast<unsigned>(digit - '0');
    }
  }
  PREFORK_CHECK(head.content_length == length);
}

// `bytes` starts with the head.
inline void check_accepted_head(const HeadSummary& head, std::string_view bytes,
                                const http1::ParserLimits& limits) {
  PREFORK_CHECK(head.head_size <= bytes.size());
  std::string_view text = bytes.substr(0, head.head_size);
  while (text.starts_with("\r\n")) {
    text.remove_prefix(2);
  }
  PREFORK_CHECK(text.size() <= limits.header_bytes);
  PREFORK_CHECK(text.find("\r\n\r\n") == text.size() - 4);

  std::vector<std::string_view> lines;
  for (std::string_view rest = text.substr(0, text.size() - 2); !rest.empty();) {
    lines.push_back(rest.substr(0, rest.find("\r\n")));
    rest.remove_prefix(lines.back().size() + 2);
  }
  const std::string request_line = head.method_text + " " + head.target + " HTTP/1." +
                                   static_cast<char>('0' + head.version_minor);
  PREFORK_CHECK(lines.front() == request_line);
  PREFORK_CHECK(request_line.size() <= limits.request_line_bytes);
  PREFORK_CHECK(config::is_token(head.method_text));
  PREFORK_CHECK(head.version_minor == 0 || head.version_minor == 1);

  PREFORK_CHECK(lines.size() == head.fields.size() + 1);
  PREFORK_CHECK(head.fields.size() <= limits.header_count);
  for (std::size_t i = 0; i < head.fields.size(); ++i) {
    const std::string_view line = lines[i + 1];
    const std::size_t colon = line.find(':');
    PREFORK_CHECK(colon != std::string_view::npos);
    PREFORK_CHECK(config::is_token(line.substr(0, colon)));
    PREFORK_CHECK(std::all_of(line.begin(), line.end(), is_field_text));
    PREFORK_CHECK(head.fields[i].first == line.substr(0, colon));
    PREFORK_CHECK(head.fields[i].second == config::trim(line.substr(colon + 1)));
  }
  check_target_parts(head);
  check_framing(head);
}

}  // namespace prefork::fuzzing
