#include "workers/master/process_look.h"

#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <cstdio>
#include <cstdlib>
#include <cstring>

#include "ipc/base/owned_fd.h"

namespace prefork::master {

namespace {

// Long enough for /proc/PID/status, and ended by a zero.
using Text = std::array<char, 4096>;

Text read_of(supervision::Pid pid, const char* name) {
  std::array<char, 64> path{};
  std::snprintf(path.data(), path.size(), "/proc/%d/%s", static_cast<int>(pid), name);
  Text text{};
  const ipc::OwnedFd file(::open(path.data(), O_RDONLY | O_CLOEXEC));
  [[maybe_unused]] const ssize_t size = ::read(file.get(), text.data(), text.size() - 1);
  return text;
}

// What stands behind the name of a line, or nothing.
const char* value_of(const Text& status, const char* name) {
  const char* const found = std::strstr(status.data(), name);
  return found == nullptr ? "" : found + std::strlen(name);
}

}  // namespace

ProcessLook look_at_process(supervision::Pid pid) noexcept {
  ProcessLook look;
  const Text status = read_of(pid, "status");
  const char* const state = value_of(status, "\nState:\t");
  look.state = *state != '\0' ? *state : '?';
  look.tracer = static_cast<supervision::Pid>(std::atoi(value_of(status, "\nTracerPid:\t")));
  look.is_dumping_core = std::atoi(value_of(status, "\nCoreDumping:\t")) != 0;
  const Text times = read_of(pid, "schedstat");
  char* end = nullptr;
  look.ran_ns = std::strtoull(times.data(), &end, 10);
  look.waited_ns = std::strtoull(end, nullptr, 10);
  return look;
}

}  // namespace prefork::master
