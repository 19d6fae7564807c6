#include "server/files/root.h"

#include <fcntl.h>
#include <linux/openat2.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <stdexcept>
#include <system_error>
#include <utility>

namespace prefork::files {

namespace {

// A path through ".." of a symbolic link is refused with EAGAIN when something in the tree was
// renamed meanwhile.
constexpr int kMaxTries = 8;

// O_NONBLOCK: a pipe that nobody writes to opens at once, and is refused then.
constexpr int kOpenFlags = O_RDONLY | O_NONBLOCK | O_CLOEXEC | O_NOCTTY;

std::int64_t to_ns(const timespec& time) {
  return std::int64_t{time.tv_sec} * 1'000'000'000 + time.tv_nsec;
}

FileIdentity identity_of(const struct stat& status) {
  return {status.st_dev, status.st_ino, static_cast<std::uint64_t>(status.st_size),
          to_ns(status.st_mtim), to_ns(status.st_ctim)};
}

int open_below(int folder, const char* path) {
  open_how how{};
  how.flags = kOpenFlags;
  how.resolve = RESOLVE_BENEATH | RESOLVE_NO_MAGICLINKS;
  long fd = -1;
  for (int tries = 0; fd < 0 && tries < kMaxTries; ++tries) {
    fd = ::syscall(SYS_openat2, folder, path, &how, sizeof how);
    if (fd < 0 && errno != EAGAIN && errno != EINTR) {
      break;
    }
  }
  return static_cast<int>(fd);
}

FileKind kind_of_error(int error) {
  switch (error) {
    case EACCES:
    case EPERM:
      return FileKind::forbidden;
    case EMFILE:
    case ENFILE:
    case ENOMEM:
    case EAGAIN:
    case EINTR:
      return FileKind::overload;
    case ENOENT:
    case ENOTDIR:
    case ENAMETOOLONG:
    case ELOOP:
    case EXDEV:  // leads out of the folder
    case EINVAL:
    case ENXIO:
    case ENODEV:
    case EOPNOTSUPP:
    case ESTALE:
      return FileKind::nothing;
    default:
      return FileKind::failed;
  }
}

}  // namespace

FoundFile identify(ipc::OwnedFd fd) {
  struct stat status {};
  if (::fstat(fd.get(), &status) != 0) {
    return {kind_of_error(errno), {}, {}};
  }
  if (S_ISREG(status.st_mode)) {
    return {FileKind::file, identity_of(status), std::move(fd)};
  }
  if (S_ISDIR(status.st_mode)) {
    return {FileKind::folder, identity_of(status), std::move(fd)};
  }
  return {};
}

bool is_still(int fd, const FileIdentity& identity) {
  struct stat status {};
  return ::fstat(fd, &status) == 0 && identity_of(status) == identity;
}

FoundFile open_anywhere(const std::string& path) {
  ipc::OwnedFd fd(::open(path.c_str(), kOpenFlags));
  if (!fd.valid()) {
    return {kind_of_error(errno), {}, {}};
  }
  return identify(std::move(fd));
}

StaticRoot::StaticRoot(std::string path) : path_(std::move(path)) {
  fd_.reset(::open(path_.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
  struct stat status {};
  if (!fd_.valid() || ::fstat(fd_.get(), &status) != 0) {
    throw std::runtime_error("cannot open the folder '" + path_ +
                             "': " + std::generic_category().message(errno));
  }
  identity_ = identity_of(status);
  const ipc::OwnedFd probe(open_below(fd_.get(), "."));
  // Old container engines answer EPERM to calls they do not know; a folder that may not be read
  // says EACCES.
  if (!probe.valid() && (errno == ENOSYS || errno == EPERM)) {
    throw std::runtime_error(
        "cannot serve files: openat2() is missing here; Linux 5.6 and later have it, and a "
        "container's seccomp profile must allow it");
  }
}

FoundFile StaticRoot::open(const std::string& path) const {
  ipc::OwnedFd fd(open_below(fd_.get(), path.empty() ? "." : path.c_str()));
  if (!fd.valid()) {
    return {kind_of_error(errno), {}, {}};
  }
  return identify(std::move(fd));
}

bool StaticRoot::refresh() {
  ipc::OwnedFd fd(::open(path_.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
  struct stat status {};
  if (!fd.valid() || ::fstat(fd.get(), &status) != 0) {
    return false;
  }
  const FileIdentity identity = identity_of(status);
  if (identity.device == identity_.device && identity.inode == identity_.inode) {
    return false;
  }
  fd_ = std::move(fd);
  identity_ = identity;
  return true;
}

}  // namespace prefork::files
