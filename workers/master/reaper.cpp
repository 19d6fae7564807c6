#include "workers/master/reaper.h"

#include <sys/resource.h>
#include <sys/wait.h>

#include <cstdint>

namespace prefork::master {

namespace {

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

std::optional<Reaped> reap_one() {
  int status = 0;
  rusage usage{};
  const pid_t pid = ::wait4(-1, &status, WNOHANG, &usage);
  if (pid <= 0) {
    return std::nullopt;
  }
  Reaped reaped;
  reaped.pid = pid;
  reaped.exit = exit_of(status);
  reaped.exit.cpu_us = cpu_us_of(usage);
  return reaped;
}

bool is_child(supervision::Pid pid) {
  siginfo_t ignored{};
  return ::waitid(P_PID, static_cast<id_t>(pid), &ignored, WEXITED | WNOHANG | WNOWAIT) == 0;
}

}  // namespace prefork::master
