// The answers of `--help` and `--version`, fit for a terminal of 100 columns.
#pragma once

#include <string>

namespace prefork::config {

std::string help_text();
std::string version_text();

}  // namespace prefork::config
