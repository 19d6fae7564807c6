#include "server/http/forwarded.h"

#include <array>
#include <optional>
#include <string_view>

#include "config/base/text.h"
#include "server/http/address.h"

namespace prefork::http {
namespace {

constexpr std::string_view kForwardedFor = "x-forwarded-for";
constexpr std::string_view kForwardedProto = "x-forwarded-proto";
constexpr std::string_view kForwarded = "forwarded";

// Whether the character at `at` has a backslash before it that counts.
bool is_escaped(std::string_view text, std::size_t at) {
  std::size_t backslashes = 0;
  while (backslashes < at && text[at - backslashes - 1] == '\\') {
    ++backslashes;
  }
  return backslashes % 2 == 1;
}

// Takes the last entry and its comma off the list. Commas inside quoted strings do not count; read
// from the right, a quote that somebody left open further left cannot reach this entry.
std::string_view take_last(std::string_view& list) {
  bool is_quoted = false;
  std::size_t start = list.size();
  while (start > 0) {
    const char before = list[start - 1];
    if (before == '"' && !is_escaped(list, start - 1)) {
      is_quoted = !is_quoted;
    } else if (before == ',' && !is_quoted) {
      break;
    }
    --start;
  }
  const std::string_view last = list.substr(start);
  list = list.substr(0, start == 0 ? 0 : start - 1);
  return config::trim(last);
}

// The entries of all lines of one field, as if they were joined, from the right.
class EntriesFromTheRight {
 public:
  EntriesFromTheRight(FieldView fields, std::string_view lower_name)
      : fields_(fields), lower_name_(lower_name) {}

  std::optional<std::string_view> next() {
    while (true) {
      while (!line_.empty()) {
        // A list may have empty entries (RFC 9110 section 5.6.1.2).
        if (const std::string_view entry = take_last(line_); !entry.empty()) {
          return entry;
        }
      }
      if (fields_.empty()) {
        return std::nullopt;
      }
      if (config::equals_ignoring_case(fields_.back().name, lower_name_)) {
        line_ = fields_.back().value;
      }
      fields_ = fields_.first(fields_.size() - 1);
    }
  }

 private:
  std::span<const Field> fields_;  // not read yet
  std::string_view lower_name_;
  std::string_view line_;  // what is left of the line being read
};

std::optional<Scheme> parse_scheme(std::string_view text) {
  if (config::equals_ignoring_case(text, "http")) {
    return Scheme::http;
  }
  if (config::equals_ignoring_case(text, "https")) {
    return Scheme::https;
  }
  return std::nullopt;
}

// Longer than any address with its port.
using ValueBuffer = std::array<char, 64>;

// Takes a token or a quoted string off the front of `text`. The value is in `buffer` where it had
// escaped characters. Nothing when it is neither.
std::optional<std::string_view> take_value(std::string_view& text, ValueBuffer& buffer) {
  if (!text.starts_with('"')) {
    std::size_t size = 0;
    while (size < text.size() && config::is_token_char(text[size])) {
      ++size;
    }
    const std::string_view token = text.substr(0, size);
    text.remove_prefix(size);
    return size == 0 ? std::nullopt : std::optional(token);
  }
  std::size_t size = 0;
  for (std::size_t at = 1; at < text.size(); ++at) {
    if (text[at] == '"') {
      text.remove_prefix(at + 1);
      return std::string_view(buffer.data(), size);
    }
    if (text[at] == '\\' && ++at == text.size()) {
      break;
    }
    // What does not fit is a hidden name or port, or nonsense; its end says nothing.
    if (size < buffer.size()) {
      buffer[size++] = text[at];
    }
  }
  return std::nullopt;
}

// What one proxy said with Forwarded.
struct ForwardedElement {
  std::optional<ipc::PeerAddress> client;
  std::optional<Scheme> scheme;
};

// RFC 7239 section 4, with white space around the semicolons as many write it. Nothing when it is
// malformed.
std::optional<ForwardedElement> parse_element(std::string_view text) {
  ForwardedElement element;
  bool has_for = false;
  bool has_proto = false;
  while (true) {
    while (text.starts_with(';')) {
      text = config::trim(text.substr(1));
    }
    if (text.empty()) {
      return element;
    }
    ValueBuffer buffer;
    const std::size_t equals = text.find('=');
    if (equals == text.npos || !config::is_token(text.substr(0, equals))) {
      return std::nullopt;
    }
    const std::string_view name = text.substr(0, equals);
    text.remove_prefix(equals + 1);
    const auto value = take_value(text, buffer);
    if (!value) {
      return std::nullopt;
    }
    const bool is_for = config::equals_ignoring_case(name, "for");
    const bool is_proto = config::equals_ignoring_case(name, "proto");
    if ((is_for && has_for) || (is_proto && has_proto)) {
      return std::nullopt;
    }
    if (is_for) {
      has_for = true;
      element.client = parse_node(*value);
    } else if (is_proto) {
      has_proto = true;
      element.scheme = parse_scheme(*value);
    }
    text = config::trim(text);
    if (!text.empty() && text.front() != ';') {
      return std::nullopt;
    }
  }
}

// Both fields together are what Forwarded says in one: each proxy wrote the last entry of each.
void follow_x_forwarded(FieldView fields, const config::IpNetworks& trusted,
                        ForwardedOrigin& origin) {
  EntriesFromTheRight nodes(fields, kForwardedFor);
  EntriesFromTheRight schemes(fields, kForwardedProto);
  bool has_schemes = true;
  for (std::size_t hop = 0; hop < kMaxForwardedHops && is_in(origin.client, trusted); ++hop) {
    // A proxy that only passes the scheme on writes no entry, and one that nobody understands hides
    // whose those before it are.
    const auto scheme = has_schemes ? schemes.next() : std::nullopt;
    const auto parsed = scheme ? parse_scheme(*scheme) : std::nullopt;
    has_schemes = parsed.has_value();
    origin.scheme = parsed.value_or(origin.scheme);
    const auto entry = nodes.next();
    const auto client = entry ? parse_node(*entry) : std::nullopt;
    if (!client) {
      break;
    }
    origin.client = *client;
  }
}

void follow_forwarded(FieldView fields, const config::IpNetworks& trusted,
                      ForwardedOrigin& origin) {
  EntriesFromTheRight elements(fields, kForwarded);
  for (std::size_t hop = 0; hop < kMaxForwardedHops && is_in(origin.client, trusted); ++hop) {
    const auto entry = elements.next();
    const auto element = entry ? parse_element(*entry) : std::nullopt;
    if (!element) {
      return;
    }
    origin.scheme = element->scheme.value_or(origin.scheme);
    if (!element->client) {
      return;
    }
    origin.client = *element->client;
  }
}

}  // namespace

bool has_forwarded_field(FieldView fields) {
  // Names of these lengths are rare, and most requests have none of the three.
  for (const Field& field : fields) {
    const std::size_t size = field.name.size();
    if ((size == kForwarded.size() && config::equals_ignoring_case(field.name, kForwarded)) ||
        (size == kForwardedFor.size() && config::equals_ignoring_case(field.name, kForwardedFor)) ||
        (size == kForwardedProto.size() &&
         config::equals_ignoring_case(field.name, kForwardedProto))) {
      return true;
    }
  }
  return false;
}

ForwardedOrigin forwarded_origin(FieldView fields, const ipc::PeerAddress& peer,
                                 const config::IpNetworks& trusted) {
  ForwardedOrigin origin{peer, Scheme::http};
  if (!is_in(peer, trusted)) {
    return origin;
  }
  origin.is_from_proxy = true;
  if (fields.has(KnownField::x_forwarded_for) || fields.has(KnownField::x_forwarded_proto)) {
    follow_x_forwarded(fields, trusted, origin);
  } else if (fields.has(KnownField::forwarded)) {
    follow_forwarded(fields, trusted, origin);
  }
  return origin;
}

}  // namespace prefork::http
