#include "workers/worker/stuck_handlers.h"

#include <algorithm>

#include "ipc/requests_in_flight.h"

namespace prefork::worker {

namespace {

// The master asks the thread for its stack when it hears that the worker is stuck.
constexpr std::uint64_t kStackPatienceNs = 300'000'000;
// So much before the master cuts it: it says itself what is lost.
constexpr std::uint64_t kAheadOfTheCutNs = 500'000'000;

}  // namespace

StuckHandlers::StuckHandlers(const config::Options& options, const ipc::WorkerRecord& record)
    : record_(record),
      limit_ns_(ipc::to_ns(options.timeouts.request)),
      graceful_ns_(ipc::to_ns(options.processes.graceful_timeout)) {}

bool StuckHandlers::look(pool::Pools& pools, std::uint64_t now_ns) {
  if (limit_ns_ == 0) {
    return false;
  }
  running_ = pools.look_at_running(now_ns, limit_ns_);
  want_successor_ = want_successor_ || running_.stuck != 0;
  return running_.handlers != 0;
}

void StuckHandlers::begin_to_leave(std::uint64_t now_ns) {
  leaves_since_ns_ = now_ns;
  over_ns_ = now_ns + graceful_ns_ - std::min(graceful_ns_ / 2, kAheadOfTheCutNs);
}

// The others are waited for here: each of them may turn out to be stuck, and the pool would wait
// for it without an end.
bool StuckHandlers::are_alone(std::uint64_t now_ns) const {
  const bool is_seen = running_.overdue == 0 || leaves_since_ns_ == 0 ||
                       now_ns >= leaves_since_ns_ + kStackPatienceNs;
  return is_seen && running_.handlers == running_.overdue;
}

std::size_t StuckHandlers::others_in_hand() const {
  const ipc::RequestsInFlight in_hand = ipc::read_requests_in_flight(record_);
  const std::size_t all = in_hand.named.size() + in_hand.more;
  return all - std::min<std::size_t>(all, running_.overdue);
}

}  // namespace prefork::worker
