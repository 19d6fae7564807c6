// The options about where and how willingly the kernel runs the workers, for option_table.cpp.
// Stateless.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "config/options/option_field.h"

namespace prefork::config {

Result<void> set_cpu_affinity(Options& options, std::string_view text);
std::vector<std::string> cpu_affinity_texts(const Options& options);

Result<void> set_nice(Options& options, std::string_view text);
std::vector<std::string> nice_texts(const Options& options);

inline constexpr CustomField kCpuAffinity = {set_cpu_affinity, cpu_affinity_texts, ""};
inline constexpr CustomField kNice = {set_nice, nice_texts, "-20 to 19"};

}  // namespace prefork::config
