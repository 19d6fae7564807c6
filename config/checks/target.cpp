#include "config/checks/target.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <system_error>

#include "config/base/near_name.h"
#include "config/base/working_folder.h"
#include "config/options/server_commands.h"

namespace prefork::config {
namespace {

using Kind = ServeTarget::Kind;

constexpr std::array<std::string_view, 4> kFolderOptions = {"index", "listing", "spa",
                                                            "cache-control"};

Result<void> check_served_folder(const std::string& path) {
  if (faccessat(AT_FDCWD, path.c_str(), X_OK, AT_EACCESS) == 0) return {};
  return Problem{"folder " + in_quotes(path) + " cannot be searched by user " +
                 std::to_string(geteuid()) + "; change its permissions"};
}

// A misspelt command looks like a path, and so does one that is not in the first place.
std::string guess(std::string_view missing) {
  const std::string_view command = nearest_name(kServerCommands, missing);
  if (command.empty()) return "";
  if (command == missing) return " (a command has to be the first argument)";
  return " (did you mean the command " + std::string(command) + "?)";
}

// `is_argument`: as people write a command, too.
Result<void> find_kind(ServeTarget& target, bool is_argument) {
  struct stat status {};
  if (stat(target.path.c_str(), &status) != 0) {
    if (errno == ENOENT) {
      return Problem{in_quotes(target.path) +
                     " does not exist; name a folder of files or an application to serve" +
                     (is_argument ? guess(target.path) : "")};
    }
    return Problem{in_quotes(target.path) +
                   " cannot be used: " + std::generic_category().message(errno)};
  }
  if (S_ISDIR(status.st_mode)) {
    target.kind = Kind::folder;
    return check_served_folder(target.path);
  }
  if (!S_ISREG(status.st_mode)) {
    return Problem{in_quotes(target.path) + " is neither a folder nor a file"};
  }
  target.kind = Kind::application;
  return {};
}

Result<void> check_reload_dir(const std::string& path) {
  struct stat status {};
  if (stat(path.c_str(), &status) != 0) {
    if (errno == ENOENT) {
      return Problem{"folder " + in_quotes(path) + " does not exist; create it or name another"};
    }
    return Problem{"folder " + in_quotes(path) +
                   " cannot be used: " + std::generic_category().message(errno)};
  }
  if (!S_ISDIR(status.st_mode)) return Problem{in_quotes(path) + " is not a folder"};
  return {};
}

}  // namespace

void resolve_target(Merged& merged) {
  ServeTarget& target = merged.options.target;
  const Origin& app = merged.origin("app");
  if (!app.is_valid) return;
  if (!target.path.empty()) {
    if (const auto found = find_kind(target, app.source == "command line"); !found.ok()) {
      merged.add_error(app.source, found.problem().text);
      return;
    }
    // The workers of later generations find it wherever they are.
    target.path = absolute_path(target.path, merged.working_folder);
  }
  if (merged.options.processes.preload && target.kind != Kind::application) {
    merged.add_error(merged.origin("preload").source,
                     "has no effect without an application to serve; name one");
  }
  if (!merged.options.application.settings.empty() && target.kind != Kind::application) {
    merged.add_error(merged.origin("set").source,
                     "has no effect without an application to serve; name one");
  }
  if (target.kind == Kind::folder) return;
  for (const std::string_view option : kFolderOptions) {
    const Origin& origin = merged.origin(option);
    if (origin.level == Level::by_default || !origin.is_valid) continue;
    merged.add_error(origin.source, "has no effect without a folder to serve; name one");
  }
}

void resolve_reload(Merged& merged, LoadPhase phase) {
  Options& options = merged.options;
  const Origin& reload = merged.origin("reload");
  const Origin& folders = merged.origin("reload-dir");
  if (!reload.is_valid || !folders.is_valid) return;
  for (std::string& folder : options.development.reload_dirs) {
    const auto usable = check_reload_dir(folder);
    if (!usable.ok() && phase == LoadPhase::start) {
      merged.add_error(folders.source, usable.problem().text);
    }
    folder = absolute_path(folder, merged.working_folder);
    if (folder.size() > 1 && folder.ends_with('/')) folder.pop_back();
  }
  if (!options.development.reload_dirs.empty() && reload.level == Level::by_default) {
    merged.add_error(folders.source, "has no effect without --reload; give both or none");
  }
  if (!options.development.reload || !options.development.reload_dirs.empty() ||
      !merged.origin("app").is_valid)
    return;
  if (options.target.kind == Kind::folder) {
    merged.add_error(reload.source,
                     "has nothing to watch: a folder of files is always served as it is; name what "
                     "else may change with --reload-dir, or leave this out");
  } else if (options.target.path.empty()) {
    merged.add_error(reload.source,
                     "has nothing to watch; name an application to serve (./libshop.so), or a "
                     "folder with --reload-dir");
  }
}

}  // namespace prefork::config
