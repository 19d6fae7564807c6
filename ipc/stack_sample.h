// The call stack of a thread that still runs, on demand: somebody asks for that of one thread and
// sends it a signal, whose handler answers. Lives in shared memory; one question at a time.
#pragma once

#include <atomic>
#include <cstdint>
#include <optional>
#include <vector>

#include "ipc/call_stack.h"

namespace prefork::ipc {

class StackSample {
 public:
  // For who asks: the number of the question, which what was answered before is not mistaken for.
  std::uint32_t ask(std::int32_t thread) {
    const std::uint32_t number = asked_.load(std::memory_order_relaxed) + 1;
    thread_.store(thread, std::memory_order_relaxed);
    asked_.store(number, std::memory_order_release);
    return number;
  }
  // Nothing: not yet.
  [[nodiscard]] std::optional<std::vector<std::uint64_t>> answer(std::uint32_t number) const {
    if (answered_.load(std::memory_order_acquire) != number) {
      return std::nullopt;
    }
    return stack_.get();
  }

  // For the handler, in whatever thread it runs. 0: nobody has asked for this one.
  [[nodiscard]] std::uint32_t question_for(std::int32_t thread) const {
    const std::uint32_t number = asked_.load(std::memory_order_acquire);
    const bool is_open = number != answered_.load(std::memory_order_relaxed);
    return is_open && thread_.load(std::memory_order_relaxed) == thread ? number : 0;
  }
  [[nodiscard]] CallStack& stack() { return stack_; }
  void end_answer(std::uint32_t number) { answered_.store(number, std::memory_order_release); }

  // When nobody writes any more.
  void clear() {
    asked_.store(0, std::memory_order_relaxed);
    answered_.store(0, std::memory_order_relaxed);
  }

 private:
  std::atomic<std::uint32_t> asked_{0};
  std::atomic<std::uint32_t> answered_{0};
  std::atomic<std::int32_t> thread_{0};
  CallStack stack_;
};

}  // namespace prefork::ipc
