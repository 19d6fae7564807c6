// Where relative names of files and folders begin that an application gives to the server: where
// the server was started, wherever the application has taken its process since.
#pragma once

#include <filesystem>
#include <string>
#include <system_error>

namespace prefork::native {

// The working folder at the first call; empty where nobody knows its name. Any thread.
inline const std::filesystem::path& start_folder() {
  static const std::filesystem::path kFolder = [] {
    std::error_code unknown;
    return std::filesystem::current_path(unknown);
  }();
  return kFolder;
}

inline std::string from_start_folder(const char* path) { return (start_folder() / path).string(); }

}  // namespace prefork::native
