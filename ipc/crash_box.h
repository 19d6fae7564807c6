// What a process writes when a signal ends it, as its last act: in the handler of that signal, with
// nothing but stores. Lives in shared memory; readers bound all they find.
#pragma once

#include <atomic>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "ipc/call_stack.h"
#include "ipc/thread_name.h"

namespace prefork::ipc {

struct Crash {
  int signal = 0;
  int code = 0;               // si_code of sigaction(2)
  std::uint64_t address = 0;  // si_addr; of a signal that somebody sent: who (si_pid)
  std::int32_t thread = 0;
  std::string thread_name;
  std::vector<std::uint64_t> stack;
  bool is_complete = false;  // else the process ended while it wrote
};

class CrashBox {
 public:
  // For the first thread that crashes; false for all others.
  bool begin() {
    std::uint32_t empty = kEmpty;
    return state_.compare_exchange_strong(empty, kBegun, std::memory_order_acq_rel);
  }
  void set_cause(int signal, int code, std::uint64_t address, std::int32_t thread,
                 const ThreadName::Text& thread_name) {
    signal_.store(signal, std::memory_order_relaxed);
    code_.store(code, std::memory_order_relaxed);
    address_.store(address, std::memory_order_relaxed);
    thread_.store(thread, std::memory_order_relaxed);
    thread_name_.set(thread_name);
    state_.store(kCauseKnown, std::memory_order_release);
  }
  [[nodiscard]] CallStack& stack() { return stack_; }
  void end() { state_.store(kComplete, std::memory_order_release); }

  [[nodiscard]] bool is_complete() const {
    return state_.load(std::memory_order_acquire) == kComplete;
  }
  // Nothing: nobody has crashed, or it ended before it had said why.
  [[nodiscard]] std::optional<Crash> get() const;

  // When nobody writes any more.
  void clear();

 private:
  static constexpr std::uint32_t kEmpty = 0;
  static constexpr std::uint32_t kBegun = 1;
  static constexpr std::uint32_t kCauseKnown = 2;
  static constexpr std::uint32_t kComplete = 3;

  std::atomic<std::uint32_t> state_{kEmpty};
  std::atomic<std::int32_t> signal_{0};
  std::atomic<std::int32_t> code_{0};
  std::atomic<std::int32_t> thread_{0};
  std::atomic<std::uint64_t> address_{0};
  ThreadName thread_name_;
  CallStack stack_;
};

}  // namespace prefork::ipc
