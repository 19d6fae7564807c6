#include "ipc/base/process_key.h"

#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <charconv>
#include <csignal>
#include <cstdio>
#include <optional>
#include <string_view>

#include "ipc/base/owned_fd.h"

namespace prefork::ipc {

namespace {

constexpr unsigned kPidBits = 22;
constexpr std::uint64_t kPidMask = (std::uint64_t{1} << kPidBits) - 1;
constexpr std::uint64_t kTickMask = (std::uint64_t{1} << 40) - 1;

struct ProcessLook {
  char state = 0;
  std::uint64_t threads = 0;
  std::uint64_t start_ticks = 0;
};

std::uint64_t to_number(std::string_view text) {
  std::uint64_t number = 0;
  std::from_chars(text.data(), text.data() + text.size(), number);
  return number;
}

// proc(5). Without allocating: whoever asks may hold a lock that others wait for.
std::optional<ProcessLook> look_at(std::int32_t pid) {
  std::array<char, 32> path{};
  std::snprintf(path.data(), path.size(), "/proc/%d/stat", pid);
  const OwnedFd file(::open(path.data(), O_RDONLY | O_CLOEXEC));
  std::array<char, 1024> room{};
  const ssize_t got = file.valid() ? ::read(file.get(), room.data(), room.size()) : -1;
  if (got <= 0) {
    return std::nullopt;
  }
  std::string_view rest(room.data(), static_cast<std::size_t>(got));
  // The second field is a name in parentheses that may hold anything.
  const std::size_t name_end = rest.rfind(')');
  if (name_end == std::string_view::npos) {
    return std::nullopt;
  }
  rest.remove_prefix(name_end + 1);
  constexpr int kState = 3;
  constexpr int kThreads = 20;
  constexpr int kStart = 22;
  ProcessLook look;
  for (int field = kState; field <= kStart && !rest.empty(); ++field) {
    rest.remove_prefix(1);
    const std::string_view text = rest.substr(0, rest.find(' '));
    if (field == kState) {
      look.state = text.empty() ? '\0' : text.front();
    } else if (field == kThreads) {
      look.threads = to_number(text);
    } else if (field == kStart) {
      look.start_ticks = to_number(text) & kTickMask;
    }
    rest.remove_prefix(text.size());
  }
  return look;
}

// For a system that hides /proc.
bool exists(std::int32_t pid) {
  if (::kill(pid, 0) != 0 && errno == ESRCH) {
    return false;
  }
  const OwnedFd process(static_cast<int>(::syscall(SYS_pidfd_open, pid, 0)));
  if (!process.valid()) {
    return errno != ESRCH;
  }
  pollfd ended{process.get(), POLLIN, 0};
  return ::poll(&ended, 1, 0) != 1;
}

}  // namespace

std::int32_t ProcessKey::pid() const {
  return static_cast<std::int32_t>(bits_ >> kMarkBits & kPidMask);
}

std::uint64_t ProcessKey::find_own() {
  // A forked process is another one.
  [[maybe_unused]] static const int kForgotten =
      ::pthread_atfork(nullptr, nullptr, [] { own_.store(0, std::memory_order_relaxed); });
  const std::int32_t pid = ::getpid();
  const auto look = look_at(pid);
  const std::uint64_t ticks = look ? look->start_ticks : 0;
  const std::uint64_t bits = (ticks << kPidBits | static_cast<std::uint64_t>(pid)) << kMarkBits;
  own_.store(bits, std::memory_order_relaxed);
  return bits;
}

bool ProcessKey::is_alive() const {
  const std::uint64_t ticks = bits_ >> (kPidBits + kMarkBits);
  const auto look = look_at(pid());
  if (!look) {
    return exists(pid());
  }
  if (ticks != 0 && ticks != look->start_ticks) {
    return false;
  }
  // Of a process with several threads the first may be gone while others still run.
  return (look->state != 'Z' && look->state != 'X') || look->threads > 1;
}

}  // namespace prefork::ipc
