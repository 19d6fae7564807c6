#include "workers/master/sealed_copy.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <utility>
#include <vector>

#include "ipc/base/error_text.h"
#include "workers/child/process_limits.h"

namespace prefork::master {

namespace {

// A file that is being written is read again so often, and then is what it is.
constexpr int kMaxAttempts = 3;
constexpr std::size_t kBytesAtOnce = std::size_t{64} << 10;

config::Problem cannot_read(const std::string& path) {
  const int error = errno;
  return config::Problem{"cannot load '" + path + "': " + std::string(ipc::error_text(error)) +
                         child::remedy_for(error)};
}

// By the time that nobody sets (ctime): who writes over a file may give it its old time back.
bool is_same(const struct stat& one, const struct stat& other) {
  return one.st_size == other.st_size && one.st_ctim.tv_sec == other.st_ctim.tv_sec &&
         one.st_ctim.tv_nsec == other.st_ctim.tv_nsec;
}

// The name is what /proc/PID/maps shows.
ipc::OwnedFd new_memory_file(const std::string& path) {
  const std::string name = path.substr(path.rfind('/') + 1);
  return ipc::OwnedFd(::memfd_create(name.c_str(), MFD_CLOEXEC | MFD_ALLOW_SEALING));
}

bool write_all(int to, const char* bytes, std::size_t size) {
  while (size != 0) {
    const ssize_t written = ::write(to, bytes, size);
    if (written < 0 && errno != EINTR) {
      return false;
    }
    const std::size_t done = written < 0 ? 0 : static_cast<std::size_t>(written);
    bytes += done;
    size -= done;
  }
  return true;
}

// Without sendfile(2), which not every file system knows.
bool copy_all(int from, int to) {
  std::vector<char> bytes(kBytesAtOnce);
  for (;;) {
    const ssize_t size = ::read(from, bytes.data(), bytes.size());
    if (size == 0) {
      return true;
    }
    if (size < 0 ? errno != EINTR : !write_all(to, bytes.data(), static_cast<std::size_t>(size))) {
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
