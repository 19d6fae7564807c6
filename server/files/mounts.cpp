#include "server/files/mounts.h"

#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <utility>

#include "ipc/base/error_text.h"
#include "server/files/site.h"

namespace prefork::files {

class StaticMounts::Mount {
 public:
  Mount(std::string prefix, StaticSettings settings, std::shared_ptr<const http::MimeTypes> types,
        StaticCacheLimits limits)
      : prefix_(std::move(prefix)),
        files_(std::move(settings), std::move(types), limits),
        handler_([this](const http::Request& request, http::Response& response) {
          files_.respond(request, request.path_segments().substr(prefix_.size()), response);
        }) {}

  [[nodiscard]] bool covers(std::string_view path) const {
    return path.starts_with(prefix_) &&
           (path.size() == prefix_.size() || path[prefix_.size()] == '/');
  }
  // Covered paths only.
  [[nodiscard]] bool has(const http::Request& request) noexcept {
    try {
      return files_.has(request, request.path_segments().substr(prefix_.size()));
    } catch (...) {
      return true;  // what is wrong meets the handler too, which may say so
    }
  }
  [[nodiscard]] const exchange::Handler& handler() const { return handler_; }

 private:
  const std::string prefix_;
  StaticFiles files_;
  const exchange::Handler handler_;
};

StaticMounts::StaticMounts() = default;
StaticMounts::~StaticMounts() = default;

config::Result<void> StaticMounts::add(std::string_view prefix, StaticSettings settings,
                                       const std::filesystem::path& base) {
  const std::string shown = "mount of '" + settings.folder + "' at '" + std::string(prefix) + "': ";
  if (!prefix.starts_with('/') || prefix.find("//") != std::string_view::npos ||
      prefix.find_first_of("{}?#") != std::string_view::npos) {
    return config::Problem{shown + "a prefix is a path like /assets"};
  }
  if (prefix.ends_with('/')) {
    prefix.remove_suffix(1);
  }
  if (planned_.size() == kMaxMounts) {
    return config::Problem{shown + "there are " + std::to_string(kMaxMounts) + " already"};
  }
  const auto same = [prefix](const Planned& planned) { return planned.prefix == prefix; };
  if (std::any_of(planned_.begin(), planned_.end(), same)) {
    return config::Problem{shown + "there is a folder already"};
  }
  settings.folder = (base / settings.folder).string();
  struct stat status {};
  if (::stat(settings.folder.c_str(), &status) != 0) {
    return config::Problem{shown + std::string(ipc::error_text(errno))};
  }
  if (!S_ISDIR(status.st_mode)) {
    return config::Problem{shown + "not a folder"};
  }
  if (::access(settings.folder.c_str(), R_OK | X_OK) != 0) {
    return config::Problem{shown + std::string(ipc::error_text(errno))};
  }
  planned_.push_back({std::string(prefix), std::move(settings)});
  return {};
}

void StaticMounts::open(const std::string& root_path, StaticCacheLimits limits) {
  if (empty()) {
    return;
  }
  limits.entries /= planned_.size();
  limits.bytes /= planned_.size();
  limits.open_files /= planned_.size();
  const auto types = std::make_shared<const http::MimeTypes>(http::MimeTypes::of_system());
  std::sort(planned_.begin(), planned_.end(), [](const Planned& one, const Planned& other) {
    return one.prefix.size() > other.prefix.size();
  });
  for (const Planned& planned : planned_) {
    StaticSettings settings = planned.settings;
    settings.url_prefix = root_path + planned.prefix;
    open_.push_back(std::make_unique<Mount>(planned.prefix, std::move(settings), types, limits));
  }
}

bool StaticMounts::covers(const http::Request& request) const noexcept {
  return std::any_of(open_.begin(), open_.end(), [&request](const auto& mount) {
    return mount->covers(request.path_segments());
  });
}

exchange::RouteMatch StaticMounts::route(const http::Request& request) const noexcept {
  exchange::RouteMatch match;
  for (const auto& mount : open_) {
    if (!mount->covers(request.path_segments())) {
      continue;
    }
    if (!mount->has(request)) {
      return match;
    }
    if (StaticFiles::can_answer(request.method)) {
      match.handler = &mount->handler();
      match.is_file = true;
    } else {
      match.status = request.method == http::Method::options ? 204 : 405;
      match.allow = StaticFiles::allowed_methods();
    }
    return match;
  }
  return match;
}

}  // namespace prefork::files
