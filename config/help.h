// The answers of `--help` and `--version`.
#pragma once

#include <cstddef>
#include <string>

namespace prefork::config {

// Fit for a terminal of `width` columns, 80 at least: see help_width().
std::string help_text(std::size_t width);
std::string version_text();

}  // namespace prefork::config
