#include "workers/child/crash_handlers.h"

#include <pthread.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <ucontext.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <cerrno>
#include <csignal>
#include <ctime>

#include "workers/child/unwind.h"

namespace prefork::child {

namespace {

constexpr std::array kCrashes = {SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGABRT, SIGSYS};

// A second thread that crashes waits for so long for the first one to have said all.
constexpr int kWaitSteps = 200;
constexpr timespec kWaitStep{0, 5'000'000};

// For the handler, which finds nothing else.
std::atomic<ipc::CrashBox*> crash_box{nullptr};
std::atomic<pid_t> crash_owner{0};

void set_action(int signal, void (*handler)(int, siginfo_t*, void*)) {
  struct sigaction action {};
  if (handler == nullptr) {
    action.sa_handler = SIG_DFL;
  } else {
    action.sa_sigaction = handler;
    action.sa_flags = SA_SIGINFO | SA_ONSTACK;
  }
  sigemptyset(&action.sa_mask);
  ::sigaction(signal, &action, nullptr);
}

// What the processor refused is refused again as soon as the handler returns. A signal that
// somebody sent, or that stands for a system call that was not made, has to be sent again; it waits
// until the handler returns.
void let_it_happen(int signal, siginfo_t* info) {
  set_action(signal, nullptr);
  const bool is_refused_again = info->si_code > 0 && signal != SIGSYS && signal != SIGABRT;
  if (!is_refused_again &&
      ::syscall(SYS_rt_tgsigqueueinfo, ::getpid(), ::gettid(), signal, info) != 0) {
    ::raise(signal);
  }
}

std::uint64_t address_of(const siginfo_t& info) {
  return info.si_code > 0 ? reinterpret_cast<std::uint64_t>(info.si_addr)
                          : static_cast<std::uint64_t>(info.si_pid);
}

void note(ipc::CrashBox& box, int signal, const siginfo_t& info, ucontext_t& interrupted) {
  ipc::ThreadName::Text name{};
  ::prctl(PR_GET_NAME, name.data());
  box.set_cause(signal, info.si_code, address_of(info), ::gettid(), name);
  unwind(interrupted, box.stack());
  box.end();
}

void on_crash(int signal, siginfo_t* info, void* context) {
  const int error = errno;
  ipc::CrashBox* const box = crash_box.load(std::memory_order_relaxed);
  if (box != nullptr && crash_owner.load(std::memory_order_relaxed) == ::getpid()) {
    if (box->begin()) {
      note(*box, signal, *info, *static_cast<ucontext_t*>(context));
    } else {
      for (int step = 0; step < kWaitSteps && !box->is_complete(); ++step) {
        ::nanosleep(&kWaitStep, nullptr);
      }
    }
  }
  let_it_happen(signal, info);
  errno = error;
}

// Between fork and exec: only system calls.
void give_back_crashes() {
  for (const int signal : kCrashes) {
    struct sigaction action {};
    if (::sigaction(signal, nullptr, &action) == 0 && action.sa_sigaction == on_crash) {
      set_action(signal, nullptr);
    }
  }
}

bool has_default_action(int signal) {
  struct sigaction action {};
  return ::sigaction(signal, nullptr, &action) == 0 && (action.sa_flags & SA_SIGINFO) == 0 &&
         action.sa_handler == SIG_DFL;
}

}  // namespace

void note_crashes_in(ipc::CrashBox& box) {
  crash_box.store(&box, std::memory_order_relaxed);
  if (crash_owner.exchange(::getpid(), std::memory_order_relaxed) != ::getpid()) {
    ::pthread_atfork(nullptr, nullptr, give_back_crashes);
  }
  set_crash_handlers_again();
}

void set_crash_handlers_again() {
  if (crash_box.load(std::memory_order_relaxed) == nullptr) {
    return;
  }
  for (const int signal : kCrashes) {
    if (has_default_action(signal)) {
      set_action(signal, on_crash);
    }
  }
}

}  // namespace prefork::child
