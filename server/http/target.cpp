#include "server/http/target.h"

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>

#include "config/values/ip_networks.h"

namespace prefork::http {

namespace {

constexpr std::string_view kSlashes("/\0", 2);
static_assert(kSlashes[1] == kEncodedSlash);

constexpr bool is_unreserved_or_sub_delim(char c) {
  constexpr std::string_view kOther = "-._~!$&'()*+,;=";
  return config::is_digit(c) || (config::to_lower(c) >= 'a' && config::to_lower(c) <= 'z') ||
         kOther.find(c) != std::string_view::npos;
}

// What may stand between the brackets: an IPv6 address, or the form kept for what comes after it,
// "v" HEX "." and more.
bool is_valid_ip_literal(std::string_view literal) {
  if (!literal.empty() && config::to_lower(literal.front()) == 'v') {
    const std::size_t dot = std::min(literal.find('.'), literal.size());
    const std::string_view version = literal.substr(1, dot - 1);
    const std::string_view address = literal.substr(std::min(dot + 1, literal.size()));
    return !version.empty() && !address.empty() &&
           std::all_of(version.begin(), version.end(),
                       [](char c) { return config::hex_value(c); }) &&
           std::all_of(address.begin(), address.end(), [](char c) {
             return c == ':' || (c != ',' && is_unreserved_or_sub_delim(c));
           });
  }
  config::AddressBytes bytes;
  return config::parse_ip(literal, bytes) == config::AddressFamily::ipv6;
}

bool is_valid_name(std::string_view name) {
  for (std::size_t i = 0; i < name.size(); ++i) {
    if (name[i] == '%') {
      if (i + 2 >= name.size() || !config::hex_value(name[i + 1]) ||
          !config::hex_value(name[i + 2])) {
        return false;
      }
      i += 2;
    } else if (!is_unreserved_or_sub_delim(name[i]) || name[i] == ',') {
      // A comma is allowed by the grammar, but in Host it means that two were merged.
      return false;
    }
  }
  return !name.empty();
}

bool is_valid_port(std::string_view port) {
  unsigned value = 0;
  for (const char c : port) {
    if (!config::is_digit(c)) {
      return false;
    }
    value = value * 10 + static_cast<unsigned>(c - '0');
    if (value > 65535) {
      return false;
    }
  }
  return true;
}

// RFC 3986 section 5.2.4, in place. `path` starts with a slash.
const char* remove_dot_segments(std::string& path) {
  std::size_t out = 0;
  std::size_t in = 0;
  while (in < path.size()) {
    // Here path[in] is a slash and [out] is where the next segment goes.
    const std::size_t end = std::min(path.find('/', in + 1), path.size());
    const std::string_view segment(path.data() + in + 1, end - in - 1);
    const bool last = end == path.size();
    if (segment == "..") {
      if (out == 0) {
        return "target above the root";
      }
      out = path.rfind('/', out - 1);
      if (last) {
        path[out++] = '/';
      }
    } else if (segment == ".") {
      if (last) {
        path[out++] = '/';
      }
    } else {
      std::copy(path.begin() + static_cast<std::ptrdiff_t>(in),
                path.begin() + static_cast<std::ptrdiff_t>(end),
                path.begin() + static_cast<std::ptrdiff_t>(out));
      out += end - in;
    }
    in = end;
  }
  path.resize(out);
  if (path.empty()) {
    path = "/";
  }
  return nullptr;
}

// In place. Only after the path was divided: an encoded slash divides nothing (RFC 3986
// section 2.4).
const char* decode_percent(std::string& path) {
  std::size_t out = 0;
  for (std::size_t in = 0; in < path.size(); ++in) {
    char c = path[in];
    if (c == '%') {
      const auto high = in + 2 < path.size() ? config::hex_value(path[in + 1]) : std::nullopt;
      const auto low = high ? config::hex_value(path[in + 2]) : std::nullopt;
      if (!low) {
        return "bad percent escape in the target";
      }
      c = static_cast<char>(*high << 4 | *low);
      in += 2;
    }
    // Raw ones are refused with the target as a whole. Decoded, a line end in a path would reach
    // logs and headers that applications make of it.
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7F) {
      return "control character in the target";
    }
    path[out++] = c == '/' && path[in] != '/' ? kEncodedSlash : c;
  }
  path.resize(out);
  return nullptr;
}

// Those that were written as such are gone already: one that is found now was hidden from whoever
// looked at the target as it was sent.
bool has_dot_segment(std::string_view path) {
  while (!path.empty()) {
    path.remove_prefix(1);
    const std::string_view segment = path.substr(0, path.find_first_of(kSlashes));
    if (segment == "." || segment == "..") {
      return true;
    }
    path.remove_prefix(segment.size());
  }
  return false;
}

// What a character of a target says: nothing, most of them.
enum class TargetChar : std::uint8_t { plain, backslash, percent, dot, question_mark, forbidden };

constexpr std::array<TargetChar, 256> kTargetChars = [] {
  std::array<TargetChar, 256> chars{};
  for (std::size_t c = 0; c < chars.size(); ++c) {
    chars[c] = c <= 0x20 || c >= 0x7F ? TargetChar::forbidden : TargetChar::plain;
  }
  chars['#'] = TargetChar::forbidden;
  chars['\\'] = TargetChar::backslash;
  chars['%'] = TargetChar::percent;
  chars['.'] = TargetChar::dot;
  chars['?'] = TargetChar::question_mark;
  return chars;
}();

constexpr TargetChar target_char(char c) { return kTargetChars[static_cast<unsigned char>(c)]; }

bool is_forbidden(char c) { return target_char(c) == TargetChar::forbidden; }

}  // namespace

TargetScan scan_target(std::string_view text) {
  TargetScan scan;
  for (std::size_t i = 0; i < text.size(); ++i) {
    switch (target_char(text[i])) {
      case TargetChar::plain:
        break;
      case TargetChar::percent:
        scan.needs_decoding = true;
        break;
      case TargetChar::dot:
        scan.needs_decoding = scan.needs_decoding || (i != 0 && text[i - 1] == '/');
        break;
      case TargetChar::question_mark:
        scan.query = i;
        scan.valid =
            std::none_of(text.begin() + static_cast<std::ptrdiff_t>(i), text.end(), is_forbidden);
        return scan;
      case TargetChar::backslash:
        // It is a slash to some file systems. Browsers send it in queries only.
      case TargetChar::forbidden:
        scan.valid = false;
        return scan;
    }
  }
  return scan;
}

namespace {

const char* parse_origin_form(std::string_view text, const TargetScan& scan, Target& target,
                              std::string& storage) {
  const std::string_view raw = text.substr(0, scan.query);
  if (scan.query != std::string_view::npos) {
    target.query = text.substr(scan.query + 1);
  }
  if (!scan.needs_decoding) {
    target.path = raw;
    return nullptr;
  }
  if (const char* problem = normalize_path(raw, storage)) {
    return problem;
  }
  target.path = storage;
  if (storage.find(kEncodedSlash) != std::string::npos) {
    const std::size_t size = storage.size();
    storage.append(storage);
    std::replace(storage.begin(), storage.begin() + static_cast<std::ptrdiff_t>(size),
                 kEncodedSlash, '/');
    target.path = std::string_view(storage).substr(0, size);
    target.segments = std::string_view(storage).substr(size);
  }
  return nullptr;
}

const char* parse_absolute_form(Method method, std::string_view text, std::size_t scheme_size,
                                Target& target, std::string& storage) {
  text.remove_prefix(scheme_size);
  const std::size_t end = std::min(text.find_first_of("/?"), text.size());
  target.authority = text.substr(0, end);
  if (!is_valid_authority(target.authority)) {
    return "bad authority in the target";
  }
  const std::string_view rest = text.substr(end);
  if (!rest.empty() && rest.front() == '/') {
    return parse_origin_form(rest, scan_target(rest), target, storage);
  }
  // RFC 9112 section 3.2.4: no path and no query asks about the server itself.
  target.path = rest.empty() && method == Method::options ? "*" : "/";
  target.query = rest.empty() ? std::string_view{} : rest.substr(1);
  return nullptr;
}

}  // namespace

const char* normalize_path(std::string_view raw, std::string& path) {
  path = raw;
  if (const char* problem = remove_dot_segments(path)) {
    return problem;
  }
  if (const char* problem = decode_percent(path)) {
    return problem;
  }
  return has_dot_segment(path) ? "percent-encoded dot segment in the target" : nullptr;
}

bool is_valid_authority(std::string_view authority) {
  std::size_t host_size = 0;
  if (!authority.empty() && authority.front() == '[') {
    const std::size_t bracket = authority.find(']');
    if (bracket == std::string_view::npos ||
        !is_valid_ip_literal(authority.substr(1, bracket - 1))) {
      return false;
    }
    host_size = bracket + 1;
  } else {
    host_size = std::min(authority.find(':'), authority.size());
    if (!is_valid_name(authority.substr(0, host_size))) {
      return false;
    }
  }
  const std::string_view rest = authority.substr(host_size);
  return rest.empty() || (rest.front() == ':' && is_valid_port(rest.substr(1)));
}

const char* parse_target(Method method, std::string_view text, Target& target,
                         std::string& storage) {
  return parse_target(method, text, scan_target(text), target, storage);
}

const char* parse_any_target(Method method, std::string_view text, const TargetScan& scan,
                             Target& target, std::string& storage) {
  target = {};
  if (text.empty()) {
    return "empty target";
  }
  if (!scan.valid) {
    return "character not allowed in a target";
  }
  if (method == Method::connect) {
    target.authority = text;
    // RFC 9110 section 9.3.6: neither without a port nor with an empty one. A valid authority that
    // has a colon and ends in a digit ends in a port: an address in brackets ends in one of those.
    return is_valid_authority(text) && text.find(':') != std::string_view::npos &&
                   config::is_digit(text.back())
               ? nullptr
               : "CONNECT needs host:port";
  }
  if (text.front() == '/') {
    return parse_origin_form(text, scan, target, storage);
  }
  if (text == "*") {
    target.path = text;
    return method == Method::options ? nullptr : "asterisk target without OPTIONS";
  }
  for (const std::string_view scheme : {"http://", "https://"}) {
    if (config::equals_ignoring_case(text.substr(0, scheme.size()), scheme)) {
      return parse_absolute_form(method, text, scheme.size(), target, storage);
    }
  }
  return "target in no known form";
}

}  // namespace prefork::http
