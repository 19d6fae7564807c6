#include "config/options/static_options.h"

#include <limits.h>

#include <utility>

#include "config/base/config_error.h"

namespace prefork::config {
namespace {

using Texts = std::vector<std::string>;

}  // namespace

Result<void> set_app(Options& options, std::string_view text) {
  options.target.path = text;
  return {};
}

Texts app_texts(const Options& options) {
  return options.target.path.empty() ? Texts{} : Texts{options.target.path};
}

Result<void> set_index(Options& options, std::string_view text) {
  if (text.find('/') != text.npos || text.starts_with('.') || text.size() > NAME_MAX) {
    return Problem{in_quotes(text) + " is not the name of a file; use one as in index.html"};
  }
  options.files.index = text;
  return {};
}

Texts index_texts(const Options& options) { return {options.files.index}; }

Result<void> add_cache_rule(Options& options, std::string_view text) {
  CacheRule rule;
  if (auto done = store(parse_cache_rule(text), rule); !done.ok()) return done;
  if (options.files.cache_control.size() == kMaxCacheRules) {
    return Problem{"more than " + std::to_string(kMaxCacheRules) + " rules are given"};
  }
  options.files.cache_control.push_back(std::move(rule));
  return {};
}

Result<void> add_reload_dir(Options& options, std::string_view text) {
  if (options.development.reload_dirs.size() == kMaxReloadDirs) {
    return Problem{"more than " + std::to_string(kMaxReloadDirs) + " folders are given"};
  }
  options.development.reload_dirs.emplace_back(text);
  return {};
}

Texts reload_dir_texts(const Options& options) { return options.development.reload_dirs; }

Texts cache_rule_texts(const Options& options) {
  Texts texts;
  for (const CacheRule& rule : options.files.cache_control) texts.push_back(rule.text());
  return texts;
}

}  // namespace prefork::config
