// A request's own span, from its head to the end of its answer: the ids that go on to others, and
// what the application says of it. Shared by those who work on the request. The ids are fixed once
// the request has begun; attributes may be added and read by any thread.
#pragma once

#include <atomic>
#include <cstddef>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>

#include "server/http/trace_context.h"

namespace prefork::http {

class RequestTrace : public std::enable_shared_from_this<RequestTrace> {
 public:
  static constexpr std::size_t kMaxAttributes = 8;
  static constexpr std::size_t kMaxNameBytes = 64;
  static constexpr std::size_t kMaxValueBytes = 128;

  RequestTrace() = default;
  RequestTrace(const RequestTrace&) = delete;
  RequestTrace& operator=(const RequestTrace&) = delete;

  // Before anybody else has it. `own`: what goes on to others; `parent_span`: 16 characters, or
  // none; `state`: what goes on beside it; `route`: the pattern of who answers, which outlives it.
  void begin(const TraceParent& own, std::string_view parent_span, std::string state,
             std::string_view route = {});

  [[nodiscard]] const TraceParent& own() const { return own_; }
  [[nodiscard]] std::string_view parent_span() const { return parent_span_; }
  [[nodiscard]] std::string_view state() const { return state_; }
  [[nodiscard]] std::string_view route() const { return route_; }

  enum class Added { yes, full, wrong };
  // A name that there is already gets another value. Wrong: empty, or longer than they may be.
  Added add_attribute(std::string_view name, std::string_view value);

  // Calls visit(name, value) for each, in their order.
  template <typename Visit>
  void for_each_attribute(Visit visit) const {
    if (!has_attributes()) {
      return;
    }
    const std::lock_guard lock(mutex_);
    std::string_view rest = attributes_;
    while (!rest.empty()) {
      const std::string_view name = take(rest);
      const std::string_view value = take(rest);
      visit(name, value);
    }
  }

 private:
  // Most have none, and do not pay for the lock.
  [[nodiscard]] bool has_attributes() const { return count_.load(std::memory_order_acquire) != 0; }
  // A text with its length before it, off the front of `rest`.
  static std::string_view take(std::string_view& rest);
  void append(std::string_view text);
  bool remove(std::string_view name);

  TraceParent own_;
  std::string parent_span_;  // short enough to need no memory of its own
  std::string state_;
  std::string_view route_;
  mutable std::mutex mutex_;
  std::string attributes_;              // guarded by mutex_
  std::atomic<std::size_t> count_ = 0;  // of them; changed under mutex_
};

}  // namespace prefork::http
