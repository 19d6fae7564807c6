// The request target (RFC 9112 section 3.2) and the Host field (RFC 9110 section 7.2): which form
// it has, whether that form suits the method, and the path it names. Pure functions; never throw.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "server/http/request.h"

namespace prefork::http {

struct Target {
  std::string_view path;      // points into the target, or into the storage given
  std::string_view segments;  // see Request::segments
  std::string_view query;
  std::string_view authority;  // of the absolute or authority form; else empty
};

// What one look at each character of a target tells.
struct TargetScan {
  bool valid = true;            // no control, space, hash or non-ASCII character, no backslash
                                // before the query
  bool needs_decoding = false;  // the path holds a percent sign, or a dot behind a slash
  std::size_t query = std::string_view::npos;  // of the question mark
};

TargetScan scan_target(std::string_view text);

// The way of parse_target() for all but the plainest.
const char* parse_any_target(Method method, std::string_view text, const TargetScan& scan,
                             Target& target, std::string& storage);

// Fills `target`. Returns what is wrong with it, or nothing. `storage` takes the decoded path where
// that differs from what was sent. `scan`: of this text.
inline const char* parse_target(Method method, std::string_view text, const TargetScan& scan,
                                Target& target, std::string& storage) {
  if (!scan.valid || scan.needs_decoding || !text.starts_with('/') || method == Method::connect) {
    return parse_any_target(method, text, scan, target, storage);
  }
  target = {};
  target.path = text.substr(0, scan.query);
  if (scan.query != std::string_view::npos) {
    target.query = text.substr(scan.query + 1);
  }
  return nullptr;
}
const char* parse_target(Method method, std::string_view text, Target& target,
                         std::string& storage);

// uri-host [":" port] of RFC 3986 section 3.2.2, never with userinfo, never empty.
bool is_valid_authority(std::string_view authority);

// Removes dot segments, then decodes percent signs, once; a slash that was encoded becomes
// kEncodedSlash. Returns what is wrong (a path above the root, a bad escape, a control character, a
// dot segment that only decoding shows), or nothing.
const char* normalize_path(std::string_view raw, std::string& path);

}  // namespace prefork::http
