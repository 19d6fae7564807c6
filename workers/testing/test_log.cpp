#include "workers/testing/test_log.h"

#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <system_error>
#include <utility>

namespace prefork::testing {

namespace {

// What a handler writes while the event loop stands still.
constexpr int kPipeBytes = 1024 * 1024;

}  // namespace

TestLog::Pipe TestLog::make_pipe() {
  std::array<int, 2> ends{};
  if (::pipe2(ends.data(), O_NONBLOCK | O_CLOEXEC) != 0) {
    throw std::system_error(errno, std::generic_category(), "cannot make a pipe for the log");
  }
  ::fcntl(ends[1], F_SETPIPE_SZ, kPipeBytes);  // where that is refused, it has its usual size
  return {ipc::OwnedFd(ends[0]), ipc::OwnedFd(ends[1])};
}

TestLog::TestLog(Pipe pipe, config::LogLevel level)
    : lines_(std::move(pipe.read_end)), log_({{}, level, pipe.write_end.release(), -1}) {
  log_.set_name("test");
}

void TestLog::take_in() {
  const std::lock_guard lock(mutex_);
  drain();
}

std::string TestLog::read(std::size_t offset, std::chrono::milliseconds patience) {
  std::unique_lock lock(mutex_);
  drain();
  has_more_.wait_for(lock, patience, [&] { return text_.size() > offset; });
  return offset < text_.size() ? text_.substr(offset) : std::string();
}

void TestLog::drain() {
  std::array<char, 4096> room;
  for (;;) {
    const ssize_t got = ::read(lines_.get(), room.data(), room.size());
    if (got > 0) {
      text_.append(room.data(), static_cast<std::size_t>(got));
    } else if (got == 0 || errno != EINTR) {
      break;
    }
  }
  has_more_.notify_all();
}

}  // namespace prefork::testing
