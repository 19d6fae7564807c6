// Stands for the system where the code is explored: who lives, and where threads sleep.
#include <linux/futex.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <dlfcn.h>
#include <cstdarg>
#include <ctime>

#include "ipc/base/process_key.h"
#include "tests/model/explorer.h"

namespace prefork::ipc {

namespace {

constexpr unsigned kPidBits = 22;
constexpr std::uint64_t kTicks = 1;

}  // namespace

// Not kept anywhere: it is another process's turn at any time.
std::uint64_t ProcessKey::find_own() {
  return (kTicks << kPidBits | (model::Explorer::current_process() + 1)) << kMarkBits;
}

std::int32_t ProcessKey::pid() const {
  return static_cast<std::int32_t>(bits_ >> kMarkBits & ((1U << kPidBits) - 1));
}

bool ProcessKey::is_alive() const {
  return model::Explorer::is_alive(static_cast<std::uint32_t>(pid()) - 1);
}

}  // namespace prefork::ipc

// Comes before the C library's, which is asked for everything else.
extern "C" long syscall(long number, ...) noexcept {
  using Call = long (*)(long, ...);
  static const auto real = reinterpret_cast<Call>(::dlsym(RTLD_NEXT, "syscall"));
  std::va_list list;
  va_start(list, number);
  const long first = va_arg(list, long);
  const long second = va_arg(list, long);
  const long third = va_arg(list, long);
  const long fourth = va_arg(list, long);
  const long fifth = va_arg(list, long);
  const long sixth = va_arg(list, long);
  va_end(list);
  using prefork::model::Explorer;
  if (number == SYS_futex && Explorer::is_exploring()) {
    const auto* const word = reinterpret_cast<const void*>(first);
    if ((second & FUTEX_CMD_MASK) == FUTEX_WAKE) {
      return Explorer::wake(word, static_cast<std::uint64_t>(third));
    }
    const auto* const time = reinterpret_cast<const timespec*>(fourth);
    const auto for_ns = time != nullptr ? static_cast<std::uint64_t>(time->tv_sec) * 1'000'000'000 +
                                              static_cast<std::uint64_t>(time->tv_nsec)
                                        : 0;
    return Explorer::wait(word, static_cast<std::uint32_t>(third), for_ns);
  }
  return real(number, first, second, third, fourth, fifth, sixth);
}
