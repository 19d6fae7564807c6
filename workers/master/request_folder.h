// The folder of --keep-requests: adds files to it and keeps their number and age within limits.
// What has another name than ours stays as it is. Blocks as files do: for a process of its own.
#pragma once

#include <chrono>
#include <cstddef>
#include <string>
#include <string_view>

#include "config/base/result.h"

namespace prefork::master {

class RequestFolder {
 public:
  static constexpr std::size_t kMaxFiles = 100;
  static constexpr std::chrono::hours kMaxAge{7 * 24};
  static constexpr std::string_view kSuffix = ".request";

  explicit RequestFolder(std::string path) : path_(std::move(path)) {}

  // All of it or nothing, for its owner alone. `name` without the suffix; that of a later file
  // comes behind in the alphabet. Returns the path.
  config::Result<std::string> add(const std::string& name, std::string_view text) const;

  // Removes those that are too old, and of too many the first in the alphabet.
  void prune(std::chrono::system_clock::time_point now) const;

 private:
  std::string path_;
};

}  // namespace prefork::master
