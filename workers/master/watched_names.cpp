#include "workers/master/watched_names.h"

#include <algorithm>
#include <array>

namespace prefork::master {

namespace {

constexpr std::array<std::string_view, 3> kNoiseFolders = {"CMakeFiles", "node_modules",
                                                           "__pycache__"};
constexpr std::array<std::string_view, 6> kNoiseEndings = {"~", ".swp", ".tmp", ".o", ".d", ".pyc"};

}  // namespace

std::string_view last_name(std::string_view path) { return path.substr(path.rfind('/') + 1); }

std::string join_path(const std::string& folder, std::string_view name) {
  return folder + (folder.ends_with('/') ? "" : "/") + std::string(name);
}

bool is_noise_folder(std::string_view name) {
  return name.starts_with('.') ||
         std::find(kNoiseFolders.begin(), kNoiseFolders.end(), name) != kNoiseFolders.end();
}

bool is_noise_file(std::string_view name) {
  return name.starts_with('.') || name.starts_with('#') ||
         std::any_of(kNoiseEndings.begin(), kNoiseEndings.end(),
                     [name](std::string_view ending) { return name.ends_with(ending); });
}

}  // namespace prefork::master
