// For a thread that is begun meanwhile: it inherits that all signals are blocked, which are for
// others to take, but for those of a fault of its own.
#pragma once

#include <pthread.h>

#include <csignal>

namespace prefork::ipc {

class BlockedSignals {
 public:
  BlockedSignals() {
    sigset_t signals;
    ::sigfillset(&signals);
    for (const int fault : {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT, SIGTRAP, SIGSYS}) {
      ::sigdelset(&signals, fault);
    }
    ::pthread_sigmask(SIG_SETMASK, &signals, &before_);
  }
  ~BlockedSignals() { ::pthread_sigmask(SIG_SETMASK, &before_, nullptr); }
  BlockedSignals(const BlockedSignals&) = delete;
  BlockedSignals& operator=(const BlockedSignals&) = delete;

 private:
  sigset_t before_{};
};

}  // namespace prefork::ipc
