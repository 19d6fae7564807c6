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
  requests,
  responses_1xx,
  responses_2xx,
  responses_3xx,
  responses_4xx,
  responses_5xx,
  connections_accepted,
  connections_handed_on,
  connections_received,
  connections_refused,
  connections_closed,
  bytes_in,
  bytes_out,
  bad_requests,
  limit_errors,
  unsupported_requests,
  overload_rejected,
  handler_errors,
  accept_errors,
  peer_resets,
  timeouts_header,
  timeouts_body,
  timeouts_write,
  timeouts_keep_alive,
  timeouts_request,
  requests_abandoned,
  requests_shed,
  access_lines_lost,
  log_lines_lost,
  spans_lost,
  count_
};

enum class Gauge : std::size_t {
  connections_active,
  connections_idle,
  pool_threads,
  pool_busy,
  pool_queued,
  requests_in_progress,
  streams,
  count_
};

inline constexpr std::size_t kCounterCount = static_cast<std::size_t>(Counter::count_);
inline constexpr std::size_t kGaugeCount = static_cast<std::size_t>(Gauge::count_);

// What a number is and where readers find it: `group` and `name` are its place in /stats.
template <typename Number>
struct NumberSpec {
  Number number;
  std::string_view group;  // empty: at the top
  std::string_view name;
  std::string_view help;
};

// The one declaration of every counter, in the order of the enumerators, which is that of /stats.
inline constexpr std::array<NumberSpec<Counter>, kCounterCount> kCounterSpecs = {{
    {Counter::requests, "", "requests", "request heads that were understood and dispatched"},
    {Counter::responses_1xx, "responses", "1xx", "interim responses"},
    {Counter::responses_2xx, "responses", "2xx", "responses of success"},
    {Counter::responses_3xx, "responses", "3xx", "redirections, and 304"},
    {Counter::responses_4xx, "responses", "4xx", "responses to errors of clients"},
    {Counter::responses_5xx, "responses", "5xx", "responses to errors of the server"},
    {Counter::connections_accepted, "connections", "accepted",
     "taken from the listening socket by this worker"},
    {Counter::connections_handed_on, "connections", "handed_on",
     "passed to a sibling: fresh ones, and idle ones"},
    {Counter::connections_received, "connections", "received", "got from a sibling"},
    {Counter::connections_refused, "connections", "refused",
     "over the connection limit: answered 503 and closed"},
    {Counter::connections_closed, "connections", "closed",
     "of those that ended here, with those that an ended worker still had"},
    {Counter::bytes_in, "bytes", "in", "read from clients"},
    {Counter::bytes_out, "bytes", "out", "written to clients"},
    {Counter::bad_requests, "errors", "bad_requests",
     "400: not HTTP, or HTTP that may not be accepted"},
    {Counter::limit_errors, "errors", "limits", "413, 414, 431: a request over one of the limits"},
    {Counter::unsupported_requests, "errors", "unsupported",
     "405, 417, 501, 505 made by the server itself"},
    {Counter::overload_rejected, "errors", "overload_rejected",
     "503: pool queue or concurrency limit reached"},
    {Counter::handler_errors, "errors", "handlers", "500: a handler threw or gave no valid answer"},
    {Counter::accept_errors, "errors", "accept",
     "accept() failed for want of descriptors or memory"},
    {Counter::peer_resets, "errors", "peer_resets",
     "the peer went away inside a request or an answer"},
    {Counter::timeouts_header, "timeouts", "header", "a head that took too long"},
    {Counter::timeouts_body, "timeouts", "body", "content of a request that took too long"},
    {Counter::timeouts_write, "timeouts", "write", "a client that did not read"},
    {Counter::timeouts_keep_alive, "timeouts", "keep_alive", "no further request"},
    {Counter::timeouts_request, "timeouts", "request",
     "the whole request took longer than --timeout-request"},
    {Counter::requests_abandoned, "pool", "skipped",
     "waited for a thread until nobody wanted the answer, and never ran"},
    {Counter::requests_shed, "pool", "shed",
     "503: waited for a thread for longer than their class allows, and never ran"},
    {Counter::access_lines_lost, "logs", "access_lines_lost",
     "lines of the access log that found no room"},
    {Counter::log_lines_lost, "logs", "lines_lost", "lines of the log that found no room"},
    {Counter::spans_lost, "logs", "spans_lost", "spans of traces that found no room"},
}};

// The same for gauges.
inline constexpr std::array<NumberSpec<Gauge>, kGaugeCount> kGaugeSpecs = {{
    {Gauge::connections_active, "connections", "active", "open connections, idle ones included"},
    {Gauge::connections_idle, "connections", "idle", "of these: between two requests"},
    {Gauge::pool_threads, "pool", "threads", "threads for handlers that may block"},
    {Gauge::pool_busy, "pool", "busy", "of these: running a handler"},
    {Gauge::pool_queued, "pool", "queued", "requests that wait for a thread"},
    {Gauge::requests_in_progress, "pool", "in_progress",
     "requests that wait for a thread, run there or are to be answered later, streams included"},
    {Gauge::streams, "pool", "streams", "of these: responses without a length that have begun"},
}};

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
