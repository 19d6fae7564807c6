// The TOML file as settings. Keys are the names of options with `_` for `-` (`limit_body = "1m"`),
// all at the top level; `bind` is a text or an array of texts. What is set for the application is a
// table, [app], or [set] where the file has a key `app`.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "config/sources/setting.h"

namespace prefork::config {

// Reads a regular file of at most kLargestFile bytes. An error about the file itself has
// `named_by` as its source: `--config` or `PREFORK_CONFIG`.
Reading read_config_file(const std::string& path, const std::string& named_by);

// The same for text that is already read; `path` is for the messages.
Reading read_config_text(std::string_view text, const std::string& path);

inline constexpr std::size_t kLargestFile = std::size_t{1024} * 1024;

}  // namespace prefork::config
