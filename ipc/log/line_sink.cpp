#include "ipc/log/line_sink.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <utility>

#include "ipc/base/error_text.h"

namespace prefork::ipc {

namespace {

constexpr mode_t kFileMode = 0644;
constexpr int kOpenFlags = O_WRONLY | O_APPEND | O_CLOEXEC | O_NONBLOCK | O_NOCTTY;

bool is_regular_file(int fd) {
  struct stat about {};
  return ::fstat(fd, &about) == 0 && S_ISREG(about.st_mode);
}

}  // namespace

int LineSink::open_file(const std::string& path) {
  OwnedFd opened(::open(path.c_str(), kOpenFlags | O_CREAT, kFileMode));
  if (!opened.valid()) {
    return errno;
  }
  take_over(std::move(opened));
  return 0;
}

void LineSink::take_over(OwnedFd fd) {
  way_ = is_regular_file(fd.get()) ? Way::file : Way::own;
  fd_ = std::move(fd);
}

std::string_view LineSink::error_text(int error) {
  return error == ENXIO ? "No such device or address (a pipe that nobody reads: start its reader "
                          "first)"
                        : ipc::error_text(error);
}

int LineSink::open_standard(int fd) {
  struct stat about {};
  if (::fstat(fd, &about) != 0) {
    return errno;
  }
  OwnedFd opened;
  Way way = Way::borrowed;
  if (S_ISFIFO(about.st_mode) || S_ISCHR(about.st_mode)) {
    // Another user's pipe cannot be opened, and without /proc none can.
    opened.reset(::open(("/proc/self/fd/" + std::to_string(fd)).c_str(), kOpenFlags));
    way = opened.valid() ? Way::own : Way::borrowed;
  } else if (S_ISREG(about.st_mode)) {
    way = Way::file;
  } else if (S_ISSOCK(about.st_mode)) {
    way = Way::socket;
  }
  if (!opened.valid()) {
    opened.reset(::fcntl(fd, F_DUPFD_CLOEXEC, STDERR_FILENO + 1));
    if (!opened.valid()) {
      return errno;
    }
  }
  way_ = way;
  fd_ = std::move(opened);
  return 0;
}

LineSink::Written LineSink::write(std::string_view lines) {
  Written done;
  while (done.size < lines.size()) {
    // Whoever finds the mark ends the line, so that it is ended once.
    if (torn_->load(std::memory_order_relaxed) &&
        torn_->exchange(false, std::memory_order_relaxed) && !end_torn_line()) {
      done.error = errno;
      return done;
    }
    const std::string_view block = first_block(lines.substr(done.size));
    const std::ptrdiff_t written = write_some(block);
    if (written <= 0) {
      done.error = written < 0 ? errno : ENOSPC;
      return done;
    }
    const auto size = static_cast<std::size_t>(written);
    done.size += size;
    if (block[size - 1] != '\n') {
      // The rest of it must not follow: another process may have written in between.
      // Memory that others may write over need not have an end any more.
      done.size += std::min(block.find('\n', size), block.size() - 1) + 1 - size;
      ++done.torn;
      torn_->store(true, std::memory_order_relaxed);
    }
  }
  return done;
}

std::optional<LineSink::File> LineSink::file() const {
  struct stat about {};
  if (way_ != Way::file || ::fstat(fd_.get(), &about) != 0) {
    return std::nullopt;
  }
  return File{about.st_dev, about.st_ino, static_cast<std::uint64_t>(about.st_size)};
}

std::string LineSink::read_back(std::uint64_t offset, std::size_t most) const {
  const OwnedFd reading(
      ::open(("/proc/self/fd/" + std::to_string(fd_.get())).c_str(), O_RDONLY | O_CLOEXEC));
  std::string bytes(most, '\0');
  const ssize_t size =
      ::pread(reading.get(), bytes.data(), bytes.size(), static_cast<off_t>(offset));
  bytes.resize(size > 0 ? static_cast<std::size_t>(size) : 0);
  return bytes;
}

bool LineSink::end_torn_line() {
  if (write_some("\n") == 1) {
    return true;
  }
  torn_->store(true, std::memory_order_relaxed);
  return false;
}

// What is written at once: whole lines, of which a pipe shared with others takes all or none.
std::string_view LineSink::first_block(std::string_view lines) const {
  if (way_ == Way::file || lines.size() <= kMaxLineBytes) {
    return lines;
  }
  return lines.substr(0, lines.rfind('\n', kMaxLineBytes - 1) + 1);
}

std::ptrdiff_t LineSink::write_some(std::string_view bytes) {
  switch (way_) {
    case Way::socket:
      return ::send(fd_.get(), bytes.data(), bytes.size(), MSG_DONTWAIT | MSG_NOSIGNAL);
    case Way::borrowed:
      return write_borrowed(bytes);
    case Way::file:
    case Way::own:
      break;
  }
  return ::write(fd_.get(), bytes.data(), bytes.size());
}

// Since Linux 6.4 a single write to a pipe can say that it does not wait. Before that, a pipe with
// room for anything has room for a line, unless somebody else takes it between the two calls.
std::ptrdiff_t LineSink::write_borrowed(std::string_view bytes) {
  iovec part{const_cast<char*>(bytes.data()), bytes.size()};
  const std::ptrdiff_t written = ::pwritev2(fd_.get(), &part, 1, -1, RWF_NOWAIT);
  if (written >= 0 || (errno != EOPNOTSUPP && errno != ENOSYS)) {
    return written;
  }
  pollfd target{fd_.get(), POLLOUT, 0};
  if (::poll(&target, 1, 0) != 1 || (target.revents & POLLOUT) == 0) {
    errno = EAGAIN;
    return -1;
  }
  return ::write(fd_.get(), bytes.data(), bytes.size());
}

}  // namespace prefork::ipc
