#include "config/checks/starting_folder.h"

#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <optional>
#include <system_error>

#include "config/base/config_error.h"
#include "config/base/working_folder.h"
#include "config/values/bind.h"

namespace prefork::config {
namespace {

Result<void> check_chdir(const std::string& path) {
  struct stat status {};
  if (stat(path.c_str(), &status) != 0) {
    if (errno == ENOENT) {
      return Problem{"folder " + in_quotes(path) + " does not exist; create it or name another"};
    }
    return Problem{"folder " + in_quotes(path) +
                   " cannot be used: " + std::generic_category().message(errno)};
  }
  if (!S_ISDIR(status.st_mode)) return Problem{in_quotes(path) + " is not a folder"};
  if (access(path.c_str(), X_OK) != 0) {
    return Problem{"folder " + in_quotes(path) + " cannot be searched by user " +
                   std::to_string(geteuid()) + "; change its permissions"};
  }
  return {};
}

// "" and "-" name no file.
void begin_in(const std::string& folder, std::string& path) {
  if (!path.empty() && path != "-" && !path.starts_with('/')) path = folder + "/" + path;
}

void begin_in(Merged& merged, std::string_view option, Bind& bind) {
  if (bind.kind != Bind::Kind::unix_path) return;
  begin_in(merged.options.service.chdir, bind.path);
  if (const auto fits = parse_unix_path(bind.path); !fits.ok()) {
    merged.add_error(merged.origin(option).source, fits.problem().text);
  }
}

}  // namespace

void resolve_starting_folder(Merged& merged) {
  Options& options = merged.options;
  std::string& folder = options.service.chdir;
  const Origin& origin = merged.origin("chdir");
  if (folder.empty() || !origin.is_valid) return;
  if (const auto usable = check_chdir(folder); !usable.ok()) {
    merged.add_error(origin.source, usable.problem().text);
    return;
  }
  folder = absolute_path(folder, merged.working_folder);
  if (folder.size() > 1 && folder.ends_with('/')) folder.pop_back();
  merged.working_folder = folder;
  begin_in(folder, options.target.path);
  for (std::string& watched : options.development.reload_dirs) begin_in(folder, watched);
  begin_in(folder, options.logging.file);
  begin_in(folder, options.logging.access_log);
  begin_in(folder, options.service.pidfile);
  if (!options.listening.uds.empty()) {
    Bind uds = Bind::unix_path(options.listening.uds);
    begin_in(merged, "uds", uds);
    options.listening.uds = uds.path;
  }
  for (Bind& bind : options.listening.given_binds) begin_in(merged, "bind", bind);
  if (options.admin.address) begin_in(merged, "admin", *options.admin.address);
}

}  // namespace prefork::config
