#include "workers/master/signals.h"

#include <fcntl.h>
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

bool is_ignored(int signal) {
  struct sigaction action {};
  return ::sigaction(signal, nullptr, &action) == 0 && action.sa_handler == SIG_IGN;
}

// A process of the group has used the terminal from the background, which is between the two.
// Whoever wants one worker more or fewer sends the signal.
bool is_of_job_control(const signalfd_siginfo& info) {
  return (info.ssi_signo == SIGTTIN || info.ssi_signo == SIGTTOU) && info.ssi_code == SI_KERNEL;
}

// A terminal that was closed is nobody's any more.
bool has_controlling_terminal() {
  return ipc::OwnedFd(::open("/dev/tty", O_RDONLY | O_NOCTTY | O_NONBLOCK | O_CLOEXEC)).valid();
}

}  // namespace

Signals::Signals(std::optional<bool> outlives_terminal)
    : outlives_terminal_(outlives_terminal.value_or(is_ignored(SIGHUP))),
      has_terminal_(has_controlling_terminal()) {
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

// The kernel sends it when the terminal is closed, and a shell that has got it sends it on to its
// jobs: then the terminal is gone already.
bool Signals::is_hang_up(const signalfd_siginfo& info) const {
  return info.ssi_signo == SIGHUP &&
         (info.ssi_code == SI_KERNEL || (has_terminal_ && !has_controlling_terminal()));
}

std::vector<TakenSignal> Signals::take() const {
  std::array<signalfd_siginfo, kMaxSignalsPerTurn> infos{};
  const ssize_t size = ::read(fd_.get(), infos.data(), sizeof infos);
  const std::size_t count = size > 0 ? static_cast<std::size_t>(size) / sizeof infos[0] : 0;
  std::vector<TakenSignal> signals;
  for (std::size_t i = 0; i < count; ++i) {
    const bool hang_up = is_hang_up(infos[i]);
    if (!is_of_job_control(infos[i]) && (!hang_up || !outlives_terminal_)) {
      signals.push_back({static_cast<int>(infos[i].ssi_signo), hang_up});
    }
  }
  return signals;
}

}  // namespace prefork::master
