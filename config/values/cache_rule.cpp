#include "config/values/cache_rule.h"

#include <algorithm>

#include "config/base/config_error.h"

namespace prefork::config {
namespace {

bool is_printable_ascii(char c) {
  const auto byte = static_cast<unsigned char>(c);
  return byte >= 0x20 && byte < 0x7f;
}

// In linear time per star: only the last one is ever taken back.
bool matches_text(std::string_view pattern, std::string_view text) {
  std::size_t p = 0;
  std::size_t t = 0;
  std::size_t star = pattern.npos;
  std::size_t star_end = 0;  // of what the last star stands for
  while (t < text.size()) {
    if (p < pattern.size() && pattern[p] == '*') {
      star = p++;
      star_end = t;
    } else if (p < pattern.size() && (pattern[p] == '?' || pattern[p] == text[t])) {
      ++p;
      ++t;
    } else if (star != pattern.npos) {
      p = star + 1;
      t = ++star_end;
    } else {
      return false;
    }
  }
  return pattern.find_first_not_of('*', p) == pattern.npos;
}

}  // namespace

bool CacheRule::matches(std::string_view path) const {
  const bool is_about_path = pattern.find('/') != pattern.npos;
  return matches_text(pattern, is_about_path ? path : path.substr(path.rfind('/') + 1));
}

Result<CacheRule> parse_cache_rule(std::string_view text) {
  constexpr std::string_view kForm = "; use PATTERN=VALUE as in *.js=max-age=3600";
  const std::size_t equals = text.find('=');
  if (equals == text.npos) {
    return Problem{in_quotes(text) + " has no equals sign" + std::string(kForm)};
  }
  const std::string_view pattern = text.substr(0, equals);
  std::string_view value = text.substr(equals + 1);
  value.remove_prefix(std::min(value.find_first_not_of(' '), value.size()));
  value = value.substr(0, value.find_last_not_of(' ') + 1);
  if (pattern.empty()) {
    return Problem{in_quotes(text) + " has no pattern" + std::string(kForm)};
  }
  if (value.empty()) {
    return Problem{in_quotes(text) + " has no value" + std::string(kForm)};
  }
  if (!std::all_of(value.begin(), value.end(), is_printable_ascii)) {
    return Problem{"the value for " + in_quotes(pattern) +
                   " may only have letters, digits and punctuation: " + in_quotes(value)};
  }
  if (text.size() > kMaxCacheRuleBytes) {
    return Problem{"a rule has at most " + std::to_string(kMaxCacheRuleBytes) + " bytes, " +
                   in_quotes(pattern) + " has " + std::to_string(text.size())};
  }
  return CacheRule{std::string(pattern), std::string(value)};
}

}  // namespace prefork::config
