#include "workers/master/pid_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <string_view>
#include <utility>

#include "ipc/base/error_text.h"

namespace prefork::master {

namespace {

constexpr mode_t kPidFileMode = 0644;
// Between opening and locking it another master may have removed it.
constexpr int kAttempts = 10;

// Nobody: it is this process's.
pid_t lock_or_find_holder(int fd) {
  struct flock lock {};
  lock.l_type = F_WRLCK;
  lock.l_whence = SEEK_SET;
  if (::fcntl(fd, F_SETLK, &lock) == 0) {
    return 0;
  }
  ::fcntl(fd, F_GETLK, &lock);
  return lock.l_type == F_UNLCK ? -1 : lock.l_pid;
}

// Nothing, or digits and the ends of lines.
bool holds_a_pid(int fd) {
  std::array<char, 32> bytes{};
  const ssize_t size = ::pread(fd, bytes.data(), bytes.size(), 0);
  return size >= 0 && static_cast<std::size_t>(size) < bytes.size() &&
         std::string_view(bytes.data(), static_cast<std::size_t>(size))
                 .find_first_not_of("0123456789 \n") == std::string_view::npos;
}

config::Problem problem_of(const std::string& path, int error) {
  return config::Problem{"cannot write " + path + ": " + std::string(ipc::error_text(error))};
}

}  // namespace

PidFile::~PidFile() {
  if (fd_.valid() && is_at_path()) {
    ::unlink(path_.c_str());
  }
}

config::Result<void> PidFile::take(const std::string& path) {
  path_ = path;
  for (int attempt = 0; attempt < kAttempts; ++attempt) {
    ipc::OwnedFd fd(
        ::open(path.c_str(), O_RDWR | O_CREAT | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC, kPidFileMode));
    if (!fd.valid()) {
      return problem_of(path, errno);
    }
    if (const pid_t holder = lock_or_find_holder(fd.get()); holder != 0) {
      return config::Problem{path + " is that of another server" +
                             (holder > 0 ? " (pid " + std::to_string(holder) + ")" : "") +
                             ", which runs; stop it or name another file"};
    }
    fd_ = std::move(fd);
    if (is_at_path()) {
      break;
    }
    fd_.reset();
  }
  if (!fd_.valid()) {
    return problem_of(path, EBUSY);
  }
  if (!holds_a_pid(fd_.get())) {
    fd_.reset();
    return config::Problem{path + " holds something else than a pid; name another file"};
  }
  const std::string text = std::to_string(::getpid()) + "\n";
  if (::ftruncate(fd_.get(), 0) != 0 ||
      ::pwrite(fd_.get(), text.data(), text.size(), 0) != static_cast<ssize_t>(text.size())) {
    return problem_of(path, errno);
  }
  return {};
}

void PidFile::adopt(std::string path, ipc::OwnedFd fd) {
  path_ = std::move(path);
  fd_ = std::move(fd);
}

bool PidFile::is_at_path() const {
  struct stat held {};
  struct stat named {};
  return ::fstat(fd_.get(), &held) == 0 && ::lstat(path_.c_str(), &named) == 0 &&
         held.st_dev == named.st_dev && held.st_ino == named.st_ino;
}

}  // namespace prefork::master
