// A stack for the signal handlers of a thread (sigaltstack(2)), so that one whose own stack has
// overflown can still say so. Each thread of a child that runs an application's code has one.
#pragma once

#include <cstddef>

namespace prefork::ipc {

// As long as it lives, of the thread that makes it, which ends it too. None where there is no
// memory for it, or where the thread has got one from somebody else. The unwinder, which allocates
// the first time, has been used once then.
class AlternateStack {
 public:
  AlternateStack();
  ~AlternateStack();
  AlternateStack(const AlternateStack&) = delete;
  AlternateStack& operator=(const AlternateStack&) = delete;

 private:
  void* memory_ = nullptr;
  std::size_t size_ = 0;
};

}  // namespace prefork::ipc
