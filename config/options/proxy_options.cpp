#include "config/options/proxy_options.h"

#include <utility>

#include "config/base/config_error.h"

namespace prefork::config {
namespace {

using Texts = std::vector<std::string>;

constexpr std::size_t kLongestRootPath = 1024;

bool is_root_path_character(char c) {
  constexpr std::string_view kRefused = "?#%\\";
  const auto byte = static_cast<unsigned char>(c);
  return byte > 0x20 && byte != 0x7f && kRefused.find(c) == kRefused.npos;
}

// Compared with decoded paths that have no dot segments, so it must be one itself.
bool has_odd_segment(std::string_view path) {
  while (!path.empty()) {
    path.remove_prefix(1);
    const std::string_view segment = path.substr(0, path.find('/'));
    if (segment.empty() || segment == "." || segment == "..") return true;
    path.remove_prefix(segment.size());
  }
  return false;
}

Result<std::string> parse_root_path(std::string_view text) {
  // The root itself lets a stronger source take back what a weaker one has set.
  if (text == "/") return std::string();
  if (!text.starts_with('/')) {
    return Problem{in_quotes(text) + " does not begin with a slash; use a path as in /shop"};
  }
  if (text.ends_with('/')) {
    return Problem{in_quotes(text) + " ends with a slash; use a path as in /shop"};
  }
  if (text.size() > kLongestRootPath) {
    return Problem{in_quotes(text) + " has " + std::to_string(text.size()) +
                   " bytes; a root path has at most " + std::to_string(kLongestRootPath)};
  }
  for (const char c : text) {
    if (!is_root_path_character(c)) {
      return Problem{in_quotes(text) + " has " + in_quotes({&c, 1}) +
                     " in it; use a path alone, without query and percent signs"};
    }
  }
  if (has_odd_segment(text)) {
    return Problem{in_quotes(text) + " has an empty segment or dots in it; use a path as in /shop"};
  }
  return std::string(text);
}

}  // namespace

Result<void> add_forwarded_allow_ips(Options& options, std::string_view text) {
  return options.proxies.forwarded_allow_ips.add(text);
}

Texts forwarded_allow_ips_texts(const Options& options) {
  return options.proxies.forwarded_allow_ips.texts();
}

void clear_forwarded_allow_ips(Options& options) { options.proxies.forwarded_allow_ips = {}; }

Result<void> add_proxy_allow_from(Options& options, std::string_view text) {
  return options.proxies.proxy_allow_from.add(text);
}

Texts proxy_allow_from_texts(const Options& options) {
  return options.proxies.proxy_allow_from.texts();
}

void clear_proxy_allow_from(Options& options) { options.proxies.proxy_allow_from = {}; }

Result<void> set_root_path(Options& options, std::string_view text) {
  return store(parse_root_path(text), options.proxies.root_path);
}

Texts root_path_texts(const Options& options) {
  return {options.proxies.root_path.empty() ? "/" : options.proxies.root_path};
}

Result<void> add_header(Options& options, std::string_view text) {
  HeaderField field;
  if (auto done = store(parse_header_field(text), field); !done.ok()) return done;
  if (options.responses.headers.size() == kMaxHeaderFields) {
    return Problem{"more than " + std::to_string(kMaxHeaderFields) + " headers are given"};
  }
  options.responses.headers.push_back(std::move(field));
  return {};
}

Texts header_texts(const Options& options) {
  Texts texts;
  for (const HeaderField& field : options.responses.headers) texts.push_back(field.text());
  return texts;
}

}  // namespace prefork::config
