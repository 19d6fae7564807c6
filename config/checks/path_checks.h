// Whether paths of the configuration can be used, found out without creating or opening anything.
#pragma once

#include <string>

#include "config/base/result.h"

namespace prefork::config {

// The file can be appended to, or be created in its folder.
Result<void> check_log_path(const std::string& path);

// The file can be written, or be created in its folder, and removed again.
Result<void> check_file_to_make(const std::string& path);

// Files can be made in the folder, which is there.
Result<void> check_folder_to_fill(const std::string& path);

// A socket can be created there; a socket that exists already can be replaced.
Result<void> check_socket_path(const std::string& path);

}  // namespace prefork::config
