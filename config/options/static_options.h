// The options about what is served, what is watched meanwhile, and folders of files, whose text has
// a form of its own, for option_table.cpp. Stateless.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "config/options/option_field.h"

namespace prefork::config {

Result<void> set_app(Options& options, std::string_view text);
std::vector<std::string> app_texts(const Options& options);

Result<void> set_index(Options& options, std::string_view text);
std::vector<std::string> index_texts(const Options& options);

Result<void> add_cache_rule(Options& options, std::string_view text);
std::vector<std::string> cache_rule_texts(const Options& options);

Result<void> add_reload_dir(Options& options, std::string_view text);
std::vector<std::string> reload_dir_texts(const Options& options);

inline constexpr CustomField kApp = {set_app, app_texts, ""};
inline constexpr CustomField kIndex = {set_index, index_texts, ""};
inline constexpr CustomField kCacheControl = {add_cache_rule, cache_rule_texts, "", true, '\n'};
inline constexpr CustomField kReloadDir = {add_reload_dir, reload_dir_texts, "", true, '\n'};

}  // namespace prefork::config
