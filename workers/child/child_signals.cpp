#include "workers/child/child_signals.h"

#include <fcntl.h>
#include <pthread.h>
#include <sys/eventfd.h>
#include <ucontext.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cerrno>
#include <csignal>
#include <cstdint>
#include <system_error>

#include "ipc/base/forked.h"
#include "workers/child/crash_handlers.h"
#include "workers/child/file_limit.h"
#include "workers/child/stack_probe.h"

namespace prefork::child {

namespace {

// Everything else has its default action; for SIGWINCH that is to ignore it.
constexpr std::array kUnwanted = {SIGINT, SIGQUIT, SIGHUP, SIGUSR1, SIGUSR2, SIGPIPE, SIGXFSZ};
// What the terminal sends to the whole group of whoever uses it from the background.
constexpr std::array kOfTheTerminal = {SIGTTIN, SIGTTOU};

// For the handler, which finds nothing else.
volatile int terminate_fd = -1;
volatile pid_t owner = 0;

void do_nothing(int) {}

// A process that an application has forked without exec has its parent's handler for a moment.
void note_terminate(int signal) {
  if (::getpid() != owner) {
    std::signal(signal, SIG_DFL);
    ::raise(signal);
    return;
  }
  const int error = errno;
  const std::uint64_t one = 1;
  [[maybe_unused]] const ssize_t written = ::write(terminate_fd, &one, sizeof one);
  errno = error;
}

// The call that the terminal has refused is begun again after this, and would be refused and
// signalled again without an end. Where the thread blocks the signal it is not: what is written
// comes out, what is read is an error (setpgid(2) of POSIX, tty_ioctl(4)). The mask is that of the
// thread as it goes on.
void let_terminal_go_on(int signal, siginfo_t*, void* context) {
  sigaddset(&static_cast<ucontext_t*>(context)->uc_sigmask, signal);
}

void handle_terminal() {
  for (const int signal : kOfTheTerminal) {
    struct sigaction action {};
    action.sa_sigaction = let_terminal_go_on;
    action.sa_flags = SA_RESTART | SA_SIGINFO;
    sigemptyset(&action.sa_mask);
    ::sigaction(signal, &action, nullptr);
  }
}

void handle(int signal, void (*handler)(int)) {
  struct sigaction action {};
  action.sa_handler = handler;
  action.sa_flags = SA_RESTART;
  sigemptyset(&action.sa_mask);
  ::sigaction(signal, &action, nullptr);
}

// Neither by the program's own handler nor by one of the application's.
bool is_unhandled(int signal) {
  struct sigaction action {};
  return ::sigaction(signal, nullptr, &action) != 0 ||
         ((action.sa_flags & SA_SIGINFO) == 0 &&
          (action.sa_handler == SIG_DFL || action.sa_handler == SIG_IGN));
}

void unblock_all() {
  sigset_t none;
  sigemptyset(&none);
  ::pthread_sigmask(SIG_SETMASK, &none, nullptr);
}

// Between fork and exec: only system calls. Handlers that the application has set are its own.
void give_back_to_forked() {
  for (const int signal : kUnwanted) {
    struct sigaction action {};
    if (::sigaction(signal, nullptr, &action) == 0 && action.sa_handler == do_nothing) {
      std::signal(signal, SIG_DFL);
    }
  }
  for (const int signal : kOfTheTerminal) {
    struct sigaction action {};
    if (::sigaction(signal, nullptr, &action) == 0 && action.sa_sigaction == let_terminal_go_on) {
      std::signal(signal, SIG_DFL);
    }
  }
  std::signal(SIGTERM, SIG_DFL);
  restore_file_limit();
}

}  // namespace

ipc::OwnedFd take_over_signals() {
  ipc::OwnedFd fd(::eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC));
  if (!fd.valid()) {
    throw std::system_error(errno, std::generic_category(), "eventfd");
  }
  terminate_fd = fd.get();
  if (owner != ::getpid()) {
    owner = ::getpid();
    ipc::is_copy.store(false, std::memory_order_relaxed);
    ipc::note_copies();
    ::pthread_atfork(
        nullptr, [] { ipc::has_forked.store(true, std::memory_order_relaxed); },
        give_back_to_forked);
  }
  std::signal(SIGCHLD, SIG_DFL);
  std::signal(SIGWINCH, SIG_DFL);
  set_signals_again();
  return fd;
}

void take_no_signals() {
  for (const int signal : kUnwanted) {
    handle(signal, do_nothing);
  }
  handle_terminal();
  handle(SIGTERM, do_nothing);
  std::signal(SIGCHLD, SIG_DFL);
  std::signal(SIGWINCH, SIG_DFL);
  unblock_all();
}

void set_handlers_again() {
  for (const int signal : kUnwanted) {
    if (is_unhandled(signal)) {
      handle(signal, do_nothing);
    }
  }
  if (std::ranges::any_of(kOfTheTerminal, is_unhandled)) {
    handle_terminal();
  }
  handle(SIGTERM, note_terminate);
  set_crash_handlers_again();
  set_probe_handler_again();
}

void set_signals_again() {
  set_handlers_again();
  unblock_all();
}

void drain_signals(int signal_fd) {
  std::uint64_t count = 0;
  while (::read(signal_fd, &count, sizeof count) < 0 && errno == EINTR) {
  }
}

}  // namespace prefork::child
