#include "workers/master/reaper.h"

#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdint>

namespace prefork::master {

namespace {

constexpr std::uint64_t kKilobyte = 1024;

std::uint64_t cpu_us_of(const rusage& usage) {
  const auto us = [](const timeval& time) {
    return static_cast<std::uint64_t>(time.tv_sec) * 1'000'000U +
           static_cast<std::uint64_t>(time.tv_usec);
  };
  return us(usage.ru_utime) + us(usage.ru_stime);
}

}  // namespace

supervision::Exit exit_of(int status) {
  supervision::Exit exit;
  exit.code = WIFEXITED(status) ? WEXITSTATUS(status) : 0;
  exit.signal = WIFSIGNALED(status) ? WTERMSIG(status) : 0;
  exit.core = WIFSIGNALED(status) && WCOREDUMP(status);
  return exit;
}

// The C library's waitid() does not tell what the process has used; the system call does.
std::optional<Reaped> reap_one(const std::function<void(const Reaped&)>& before) {
  siginfo_t info{};
  rusage usage{};
  constexpr int kOnlyLook = WEXITED | WNOHANG | WNOWAIT;
  if (::syscall(SYS_waitid, P_ALL, 0, &info, kOnlyLook, &usage) != 0 || info.si_pid == 0) {
    return std::nullopt;
  }
  Reaped reaped;
  reaped.pid = info.si_pid;
  const bool is_code = info.si_code == CLD_EXITED;
  reaped.exit.code = is_code ? info.si_status : 0;
  reaped.exit.signal = is_code ? 0 : info.si_status;
  reaped.exit.core = info.si_code == CLD_DUMPED;
  reaped.exit.cpu_us = cpu_us_of(usage);
  reaped.exit.peak_bytes = static_cast<std::uint64_t>(usage.ru_maxrss) * kKilobyte;
  before(reaped);
  ::waitpid(reaped.pid, nullptr, WNOHANG);
  return reaped;
}

bool is_child(supervision::Pid pid) {
  siginfo_t ignored{};
  return ::waitid(P_PID, static_cast<id_t>(pid), &ignored, WEXITED | WNOHANG | WNOWAIT) == 0;
}

}  // namespace prefork::master
