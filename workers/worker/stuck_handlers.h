// Handlers on threads of the pool that have gone on for longer than --timeout-request: their
// requests were answered with 504, and nobody knows whether they ever come back. The worker then
// asks for a successor, finishes everything else, and leaves without waiting for their threads. One
// thread: the event loop.
#pragma once

#include <cstddef>
#include <cstdint>

#include "config/options/options.h"
#include "ipc/base/monotonic.h"
#include "ipc/segment.h"
#include "workers/pool/pools.h"

namespace prefork::worker {

class StuckHandlers {
 public:
  // `record` is the worker's and outlives it.
  StuckHandlers(const config::Options& options, const ipc::WorkerRecord& record);

  // With each tick. True: some handler runs, to be looked at again soon.
  bool look(pool::Pools& pools, std::uint64_t now_ns);
  // Some are stuck since the successor was asked for last, if it ever was.
  [[nodiscard]] bool want_successor() const { return want_successor_; }
  void successor_asked() { want_successor_ = false; }

  // The worker leaves because of them.
  void begin_to_leave(std::uint64_t now_ns);
  // How many there were at the last look.
  [[nodiscard]] std::uint32_t count() const { return running_.overdue; }
  // Whether, with no connection left, there is nobody else to wait for.
  [[nodiscard]] bool are_alone(std::uint64_t now_ns) const;
  // The others have had their time as well.
  [[nodiscard]] bool are_over(std::uint64_t now_ns) const {
    return now_ns >= over_ns_ && running_.overdue != 0;
  }
  // Requests in hand that are not theirs.
  [[nodiscard]] std::size_t others_in_hand() const;

 private:
  const ipc::WorkerRecord& record_;
  const std::uint64_t limit_ns_;  // 0: none is ever stuck
  const std::uint64_t graceful_ns_;
  pool::ThreadPool::Running running_;
  bool want_successor_ = false;
  std::uint64_t leaves_since_ns_ = 0;  // 0: it does not
  std::uint64_t over_ns_ = ipc::kNever;
};

}  // namespace prefork::worker
