#include "workers/master/signals.h"

#include <sys/signalfd.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <cstddef>
#include <system_error>

namespace prefork::master {

namespace {

// Everything else keeps its default action.
constexpr std::array kSignals = {SIGTERM, SIGINT,  SIGQUIT, SIGHUP, SIGCHLD,
                                 SIGTTIN, SIGTTOU, SIGUSR1, SIGUSR2};
constexpr std::size_t kMaxSignalsPerTurn = 32;

// Those that are ignored: handlers do not outlive exec(2), or belong to tools such as sanitizers.
void set_default_actions() {
  for (int signal = 1; signal <= SIGRTMAX; ++signal) {
    struct sigaction action {};
    if (::sigaction(signal, nullptr, &action) == 0 && action.sa_handler == SIG_IGN) {
      std::signal(signal, SIG_DFL);
    }
  }
  // No process that ends waits for anybody else (SA_NOCLDWAIT).
  std::signal(SIGCHLD, SIG_DFL);
}

}  // namespace

Signals::Signals() {
  sigset_t taken;
  sigemptyset(&taken);
  for (const int signal : kSignals) {
    sigaddset(&taken, signal);
  }
  if (::sigprocmask(SIG_SETMASK, &taken, nullptr) != 0) {
    throw std::system_error(errno, std::generic_category(), "sigprocmask");
  }
  set_default_actions();
  // Pipes that are gone and files that may not grow are errors of write().
  std::signal(SIGPIPE, SIG_IGN);
  std::signal(SIGXFSZ, SIG_IGN);
  fd_ = ipc::OwnedFd(::signalfd(-1, &taken, SFD_NONBLOCK | SFD_CLOEXEC));
  if (!fd_.valid()) {
    throw std::system_error(errno, std::generic_category(), "signalfd");
  }
}

std::vector<int> Signals::take() const {
  std::array<signalfd_siginfo, kMaxSignalsPerTurn> infos{};
  const ssize_t size = ::read(fd_.get(), infos.data(), sizeof infos);
  const std::size_t count = size > 0 ? static_cast<std::size_t>(size) / sizeof infos[0] : 0;
  std::vector<int> signals;
  for (std::size_t i = 0; i < count; ++i) {
    signals.push_back(static_cast<int>(infos[i].ssi_signo));
  }
  return signals;
}

}  // namespace prefork::master
