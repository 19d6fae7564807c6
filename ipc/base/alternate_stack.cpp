#include "ipc/base/alternate_stack.h"

#include <sys/mman.h>
#include <unistd.h>
#include <unwind.h>

#include <algorithm>
#include <csignal>

namespace prefork::ipc {

namespace {

// Unwinding takes about 4 KiB, and what the kernel saves of the processor up to 11 KiB.
constexpr std::size_t kStackBytes = std::size_t{64} << 10;

void warm_up_unwinder() {
  ::_Unwind_Backtrace([](_Unwind_Context*, void*) { return _URC_NO_REASON; }, nullptr);
}

}  // namespace

AlternateStack::AlternateStack() {
  warm_up_unwinder();
  stack_t present{};
  if (::sigaltstack(nullptr, &present) != 0 || (present.ss_flags & SS_DISABLE) == 0) {
    return;
  }
  const long needed = ::sysconf(_SC_SIGSTKSZ);
  size_ = std::max(kStackBytes, static_cast<std::size_t>(std::max(needed, 0L)));
  void* const memory = ::mmap(nullptr, size_, PROT_READ | PROT_WRITE,
                              MAP_PRIVATE | MAP_ANONYMOUS | MAP_STACK, -1, 0);
  if (memory == MAP_FAILED) {
    return;
  }
  memory_ = memory;
  stack_t own{};
  own.ss_sp = memory_;
  own.ss_size = size_;
  ::sigaltstack(&own, nullptr);
}

AlternateStack::~AlternateStack() {
  if (memory_ == nullptr) {
    return;
  }
  stack_t present{};
  if (::sigaltstack(nullptr, &present) == 0 && present.ss_sp == memory_) {
    stack_t none{};
    none.ss_flags = SS_DISABLE;
    ::sigaltstack(&none, nullptr);
  }
  ::munmap(memory_, size_);
}

}  // namespace prefork::ipc
