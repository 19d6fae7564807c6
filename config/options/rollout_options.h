// The options of a reload whose values are more than a number: setters and texts for the table.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "config/base/result.h"
#include "config/options/option_field.h"
#include "config/options/options.h"

namespace prefork::config {

Result<void> set_reload_max_unavailable(Options& options, std::string_view text);
std::vector<std::string> reload_max_unavailable_texts(const Options& options);
Result<void> set_probe_path(Options& options, std::string_view text);
std::vector<std::string> probe_path_texts(const Options& options);

inline constexpr CustomField kReloadMaxUnavailable = {
    set_reload_max_unavailable, reload_max_unavailable_texts, "1 to 256 or 1% to 100%"};
inline constexpr CustomField kProbePath = {set_probe_path, probe_path_texts, ""};

}  // namespace prefork::config
