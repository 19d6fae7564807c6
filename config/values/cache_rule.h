// Which Cache-Control the files of a static site get: a pattern and a value. A plain value, checked
// when it is parsed: it can go on the wire as it is.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "config/base/result.h"

namespace prefork::config {

struct CacheRule {
  std::string pattern;
  std::string value;

  // Whether the rule is about the file at `path`, which starts with a slash. A pattern with a slash
  // is compared to the whole path, one without to the file's name. `*` stands for any characters,
  // slashes among them, `?` for one, everything else for itself.
  bool matches(std::string_view path) const;

  // `*.js=max-age=3600`, which parse_cache_rule() accepts.
  std::string text() const { return pattern + "=" + value; }

  bool operator==(const CacheRule&) const = default;
};

// `PATTERN=VALUE`; the first equals sign separates them.
Result<CacheRule> parse_cache_rule(std::string_view text);

inline constexpr std::size_t kMaxCacheRules = 64;
inline constexpr std::size_t kMaxCacheRuleBytes = 1024;  // of one

}  // namespace prefork::config
