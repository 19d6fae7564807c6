#include "workers/master/sealed_copy.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <utility>

#include "ipc/base/error_text.h"

namespace prefork::master {

namespace {

// A file that is being written is read again so often, and then is what it is.
constexpr int kMaxAttempts = 3;
constexpr std::size_t kBytesAtOnce = std::size_t{16} << 20;

config::Problem cannot_read(const std::string& path) {
  return config::Problem{"cannot load '" + path + "': " + std::string(ipc::error_text(errno))};
}

bool is_same(const struct stat& one, const struct stat& other) {
  return one.st_size == other.st_size && one.st_mtim.tv_sec == other.st_mtim.tv_sec &&
         one.st_mtim.tv_nsec == other.st_mtim.tv_nsec;
}

// The name is what /proc/PID/maps shows.
ipc::OwnedFd new_memory_file(const std::string& path) {
  const std::string name = path.substr(path.rfind('/') + 1);
  return ipc::OwnedFd(::memfd_create(name.c_str(), MFD_CLOEXEC | MFD_ALLOW_SEALING));
}

bool copy_all(int from, int to) {
  for (;;) {
    const ssize_t copied = ::sendfile(to, from, nullptr, kBytesAtOnce);
    if (copied == 0) {
      return true;
    }
    if (copied < 0 && errno != EINTR) {
      return false;
    }
  }
}

}  // namespace

config::Result<ipc::OwnedFd> make_sealed_copy(const std::string& path) {
  for (int attempt = 1;; ++attempt) {
    const ipc::OwnedFd file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
    struct stat before {};
    if (!file.valid() || ::fstat(file.get(), &before) != 0) {
      return cannot_read(path);
    }
    ipc::OwnedFd copy = new_memory_file(path);
    if (!copy.valid() || ::access("/proc/self/fd", X_OK) != 0) {
      return ipc::OwnedFd();
    }
    if (!copy_all(file.get(), copy.get())) {
      return cannot_read(path);
    }
    struct stat after {};
    const bool changed = ::fstat(file.get(), &after) != 0 || !is_same(before, after);
    if (changed && attempt < kMaxAttempts) {
      continue;
    }
    ::fcntl(copy.get(), F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE | F_SEAL_SEAL);
    return copy;
  }
}

}  // namespace prefork::master
