#include "ipc/crash_box.h"

namespace prefork::ipc {

std::optional<Crash> CrashBox::get() const {
  const std::uint32_t state = state_.load(std::memory_order_acquire);
  if (state != kCauseKnown && state != kComplete) {
    return std::nullopt;
  }
  Crash crash;
  crash.signal = signal_.load(std::memory_order_relaxed);
  crash.code = code_.load(std::memory_order_relaxed);
  crash.address = address_.load(std::memory_order_relaxed);
  crash.thread = thread_.load(std::memory_order_relaxed);
  crash.thread_name = thread_name_.get();
  crash.stack = stack_.get();
  crash.is_complete = state == kComplete;
  return crash;
}

void CrashBox::clear() {
  stack_.clear();
  state_.store(kEmpty, std::memory_order_release);
}

}  // namespace prefork::ipc
