#include "workers/master/log_files.h"

#include <fcntl.h>
#include <unistd.h>

#include <string>

#include "config/values/log_target.h"
#include "ipc/base/owned_fd.h"

namespace prefork::master {

namespace {

constexpr mode_t kLogFileMode = 0644;

void provide(const std::string& path, const config::Account& account) {
  if (path.empty() || path == "-" || config::standard_descriptor_of(path)) {
    return;
  }
  // O_EXCL follows no link either.
  const ipc::OwnedFd fd(
      ::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, kLogFileMode));
  if (fd.valid()) {
    // Whoever cannot open it says so.
    [[maybe_unused]] const int given = ::fchown(fd.get(), account.uid, account.gid);
  }
}

}  // namespace

void provide_log_files(const config::Options& options) {
  if (options.service.account) {
    provide(options.logging.file, *options.service.account);
    provide(options.logging.access_log, *options.service.account);
  }
}

}  // namespace prefork::master
