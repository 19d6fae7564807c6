#include "workers/child/stack_probe.h"

#include <ucontext.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <csignal>

#include "workers/child/unwind.h"

namespace prefork::child {

namespace {

// For the handler, which finds nothing else.
std::atomic<ipc::StackSample*> probed_sample{nullptr};
std::atomic<pid_t> probed_process{0};

void on_probe(int, siginfo_t*, void* context) {
  const int error = errno;
  ipc::StackSample* const sample = probed_sample.load(std::memory_order_relaxed);
  if (sample != nullptr && probed_process.load(std::memory_order_relaxed) == ::getpid()) {
    if (const std::uint32_t number = sample->question_for(::gettid()); number != 0) {
      unwind(*static_cast<ucontext_t*>(context), sample->stack());
      sample->end_answer(number);
    }
  }
  errno = error;
}

}  // namespace

void answer_probes_in(ipc::StackSample& sample) {
  probed_sample.store(&sample, std::memory_order_relaxed);
  probed_process.store(::getpid(), std::memory_order_relaxed);
  set_probe_handler_again();
}

void set_probe_handler_again() {
  struct sigaction action {};
  const bool is_free = ::sigaction(SIGURG, nullptr, &action) == 0 &&
                       (action.sa_flags & SA_SIGINFO) == 0 && action.sa_handler == SIG_DFL;
  if (!is_free || probed_sample.load(std::memory_order_relaxed) == nullptr) {
    return;
  }
  struct sigaction probe {};
  probe.sa_sigaction = on_probe;
  probe.sa_flags = SA_SIGINFO | SA_ONSTACK | SA_RESTART;
  sigemptyset(&probe.sa_mask);
  ::sigaction(SIGURG, &probe, nullptr);
}

}  // namespace prefork::child
