// The numbers each worker keeps about itself, by name. A counter only grows and is folded into the
// totals when its worker ends; a gauge is a present state and ends with its worker.
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace prefork::ipc {

enum class Counter : std::size_t {
  requests,  // request heads that were understood and dispatched
  responses_1xx,
  responses_2xx,
  responses_3xx,
  responses_4xx,
  responses_5xx,
  connections_accepted,   // taken from the listening socket by this worker
  connections_handed_on,  // passed to a sibling: fresh ones, and idle ones while draining
  connections_received,   // got from a sibling
  connections_refused,    // over the connection limit: answered 503 and closed
  connections_closed,
  bytes_in,
  bytes_out,
  accept_errors,         // accept() failed for want of descriptors or memory
  bad_requests,          // 400: not HTTP, or HTTP that may not be accepted
  limit_errors,          // 413, 414, 431: a request over one of the limits
  unsupported_requests,  // 405, 417, 501, 505 made by the server itself
  timeouts_header,
  timeouts_body,
  timeouts_write,
  timeouts_keep_alive,
  timeouts_request,    // the whole request took longer than --timeout-request
  overload_rejected,   // 503: pool queue or concurrency limit reached
  handler_errors,      // 500: a handler threw or gave no valid answer
  peer_resets,         // the peer went away inside a request or an answer
  requests_abandoned,  // of these: in the queue for a thread, and never run
  count_
};

enum class Gauge : std::size_t {
  connections_active,  // open connections, idle ones included
  connections_idle,    // of these: between two requests
  requests_in_progress,
  pool_threads,
  pool_busy,
  pool_queued,
  count_
};

inline constexpr std::size_t kCounterCount = static_cast<std::size_t>(Counter::count_);
inline constexpr std::size_t kGaugeCount = static_cast<std::size_t>(Gauge::count_);

inline constexpr std::array<std::string_view, kCounterCount> kCounterNames = {
    "requests",
    "responses_1xx",
    "responses_2xx",
    "responses_3xx",
    "responses_4xx",
    "responses_5xx",
    "connections_accepted",
    "connections_handed_on",
    "connections_received",
    "connections_refused",
    "connections_closed",
    "bytes_in",
    "bytes_out",
    "accept_errors",
    "bad_requests",
    "limit_errors",
    "unsupported_requests",
    "timeouts_header",
    "timeouts_body",
    "timeouts_write",
    "timeouts_keep_alive",
    "timeouts_request",
    "overload_rejected",
    "handler_errors",
    "peer_resets",
    "requests_abandoned",
};

// One writer per number: load and store, because a locked add costs more than twice as much and
// there is nobody to race with. The stores release and the reads acquire (plain moves on x86),
// which is what lets a reader notice that a fold fell between its reads; see Segment.
template <typename Name, std::size_t kCount>
class NumberSet {
 public:
  void add(Name name, std::uint64_t amount = 1) {
    auto& number = numbers_[static_cast<std::size_t>(name)];
    number.store(number.load(std::memory_order_relaxed) + amount, std::memory_order_release);
  }
  void subtract(Name name, std::uint64_t amount = 1) { add(name, std::uint64_t{0} - amount); }
  void set(Name name, std::uint64_t value) {
    numbers_[static_cast<std::size_t>(name)].store(value, std::memory_order_release);
  }
  [[nodiscard]] std::uint64_t get(Name name) const {
    return numbers_[static_cast<std::size_t>(name)].load(std::memory_order_acquire);
  }
  void add_all(const NumberSet& other) {
    for (std::size_t i = 0; i < kCount; ++i) {
      add(static_cast<Name>(i), other.get(static_cast<Name>(i)));
    }
  }
  void clear() {
    for (auto& number : numbers_) {
      number.store(0, std::memory_order_release);
    }
  }

 private:
  std::array<std::atomic<std::uint64_t>, kCount> numbers_{};
};

using Counters = NumberSet<Counter, kCounterCount>;
using Gauges = NumberSet<Gauge, kGaugeCount>;

}  // namespace prefork::ipc
