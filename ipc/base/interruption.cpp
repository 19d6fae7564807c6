#include "ipc/base/interruption.h"

#include <csignal>
#include <initializer_list>

namespace prefork::ipc {

namespace {

volatile std::sig_atomic_t interrupted = 0;

}  // namespace

void note_interruptions() {
  struct sigaction action {};
  action.sa_handler = [](int) { interrupted = 1; };
  action.sa_flags = static_cast<int>(SA_RESETHAND);
  for (const int signal : {SIGINT, SIGTERM, SIGHUP}) {
    ::sigaction(signal, &action, nullptr);
  }
}

bool is_interrupted() { return interrupted != 0; }

}  // namespace prefork::ipc
