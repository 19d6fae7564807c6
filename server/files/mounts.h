// Folders of files below prefixes of the paths: "/assets" shows ./public. Added while an
// application is loaded, opened once by each worker, then used by its event loop's thread alone.
#pragma once

#include <filesystem>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "config/base/result.h"
#include "server/exchange/application.h"
#include "server/files/cache.h"
#include "server/files/settings.h"

namespace prefork::files {

inline constexpr std::size_t kMaxMounts = 32;

class StaticMounts {
 public:
  StaticMounts();
  ~StaticMounts();
  StaticMounts(const StaticMounts&) = delete;
  StaticMounts& operator=(const StaticMounts&) = delete;

  // `prefix`: "/assets", with or without a slash at its end; "/" for everything. `settings` needs
  // no url_prefix; a relative folder is looked for below `base` (empty: where the process is). What
  // is wrong with them, in one line for people.
  config::Result<void> add(std::string_view prefix, StaticSettings settings,
                           const std::filesystem::path& base = {});

  // The mounts share `limits`. `root_path` is what a proxy took off the paths. Throws
  // std::runtime_error, with a line for people.
  void open(const std::string& root_path, StaticCacheLimits limits);

  [[nodiscard]] bool empty() const { return planned_.empty(); }
  // Whether the path is below one of them.
  [[nodiscard]] bool covers(const http::Request& request) const noexcept;
  // Of the folder with the longest prefix, if it has something at the path; else a status of 404.
  [[nodiscard]] exchange::RouteMatch route(const http::Request& request) const noexcept;

 private:
  struct Planned {
    std::string prefix;  // without a slash at its end
    StaticSettings settings;
  };
  class Mount;

  std::vector<Planned> planned_;
  std::vector<std::unique_ptr<Mount>> open_;  // longest prefix first
};

}  // namespace prefork::files
