// Whether this process has forked: then another one may have copies of its descriptors, and a close
// here alone tells the other side nothing. Any thread; in a process that never forks it costs a
// load.
//
// And whether it is what an application has forked: a copy of the server that nobody supervises,
// with the connections, the queues and the descriptors of its parent. It may do what the
// application wants of it, but nothing of what the server does.
#pragma once

#include <pthread.h>
#include <unistd.h>

#include <atomic>

namespace prefork::ipc {

inline std::atomic<bool> has_forked{false};
inline std::atomic<bool> is_copy{false};

// Of what is forked from here on. Once; whoever forks by intent takes it back there.
inline void note_copies() {
  ::pthread_atfork(nullptr, nullptr, [] { is_copy.store(true, std::memory_order_relaxed); });
}

// For after each call into an application: a copy that comes back from it ends here.
inline void end_copy() {
  if (is_copy.load(std::memory_order_relaxed)) {
    ::_exit(0);
  }
}

}  // namespace prefork::ipc
