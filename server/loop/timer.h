// A point in time at which an event loop calls back, once for each time it is armed. Lives shorter
// than its loop. One thread: the loop's.
#pragma once

#include <cstdint>
#include <functional>

#include "ipc/base/monotonic.h"

namespace prefork::loop {

class EventLoop;

class Timer {
 public:
  Timer(EventLoop& loop, std::function<void()> on_due);
  ~Timer();
  Timer(const Timer&) = delete;
  Timer& operator=(const Timer&) = delete;

  // In place of an earlier time. Called in the first turn that begins then or later; a time that
  // has passed already means the next turn. kNever disarms.
  void arm(std::uint64_t at_ns);
  // The same, unless it is due earlier anyway.
  void arm_no_later_than(std::uint64_t at_ns) {
    if (at_ns < due_ns_) {
      arm(at_ns);
    }
  }
  void disarm() { arm(ipc::kNever); }

  // kNever: not armed.
  [[nodiscard]] std::uint64_t due_ns() const { return due_ns_; }

  // For the loop: its time has come.
  void fire();

 private:
  EventLoop& loop_;
  const std::function<void()> on_due_;
  std::uint64_t due_ns_ = ipc::kNever;
};

}  // namespace prefork::loop
