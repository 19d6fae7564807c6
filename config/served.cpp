#include "config/served.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <filesystem>
#include <system_error>

namespace prefork {
namespace {

using Kind = ServeTarget::Kind;

constexpr std::array<std::string_view, 4> kFolderOptions = {"index", "listing", "spa",
                                                            "cache-control"};

std::optional<Problem> check_folder(const std::string& path) {
  if (faccessat(AT_FDCWD, path.c_str(), X_OK, AT_EACCESS) == 0) return std::nullopt;
  return Problem{"folder " + in_quotes(path) + " cannot be searched by user " +
                 std::to_string(geteuid()) + "; change its permissions"};
}

std::optional<Problem> find_kind(ServeTarget& target) {
  struct stat status {};
  if (stat(target.path.c_str(), &status) != 0) {
    if (errno == ENOENT) {
      return Problem{in_quotes(target.path) +
                     " does not exist; name a folder of files or an application to serve"};
    }
    return Problem{in_quotes(target.path) +
                   " cannot be used: " + std::generic_category().message(errno)};
  }
  if (S_ISDIR(status.st_mode)) {
    target.kind = Kind::folder;
    return check_folder(target.path);
  }
  if (!S_ISREG(status.st_mode)) {
    return Problem{in_quotes(target.path) + " is neither a folder nor a file"};
  }
  target.kind = Kind::application;
  return std::nullopt;
}

// The workers of later generations find it wherever they are.
void make_absolute(std::string& path) {
  std::error_code error;
  const std::filesystem::path absolute = std::filesystem::absolute(path, error);
  if (!error) path = absolute.lexically_normal().string();
}

}  // namespace

void resolve_target(Merged& merged) {
  ServeTarget& target = merged.options.target;
  const Origin& app = merged.origin("app");
  if (!app.is_valid) return;
  if (!target.path.empty()) {
    if (const auto problem = find_kind(target)) {
      merged.add_error(app.source, problem->text);
      return;
    }
    make_absolute(target.path);
  }
  if (merged.options.preload && target.kind != Kind::application) {
    merged.add_error(merged.origin("preload").source,
                     "has no effect without an application to serve; name one");
  }
  if (target.kind == Kind::folder) return;
  for (const std::string_view option : kFolderOptions) {
    const Origin& origin = merged.origin(option);
    if (origin.level == Level::by_default || !origin.is_valid) continue;
    merged.add_error(origin.source, "has no effect without a folder to serve; name one");
  }
}

}  // namespace prefork
