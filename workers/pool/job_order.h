// In which order the jobs of a class are run: each gets a key when it comes, and the smallest one
// is next, of equal ones the one that came first. What each order promises (kMost says by how
// much):
//
//   fcfs         nobody is overtaken.
//   shortest     by when it came plus so many times what its route's handler took lately, but at
//                most kMostBehind: whoever comes later than that after a job does not overtake it.
//   round_robin  one job of each client address, then the next one of each: a job waits for those
//                before it of its own client, and as many turns of each other client. Addresses
//                share kClients turns by their hash.
//   feedback     three levels, by whether the route's handler took longer lately than 1 ms or 10 ms
//                (its quantum); the lower ones run when the higher are empty. Every kBoostEvery all
//                who wait come before all who come from then on.
//
// Not a lock in it: belongs to the queue, whose mutex guards it.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "config/values/pool_spec.h"
#include "server/exchange/job.h"

namespace prefork::pool {

class JobOrder {
 public:
  static constexpr std::uint64_t kMostBehindNs = 1'000'000'000;
  static constexpr std::uint64_t kBoostEveryNs = 1'000'000'000;
  static constexpr std::size_t kClients = 64;

  explicit JobOrder(config::PoolOrder order) : order_(order) {}

  [[nodiscard]] bool is_fcfs() const { return order_ == config::PoolOrder::fcfs; }

  // Of a job that comes now. Its `queued_ns` does not go back from one job to the next.
  std::uint64_t key_of(const exchange::Job& job);
  // The job with this key has been taken.
  void on_taken(std::uint64_t key) { turn_ = key > turn_ ? key : turn_; }

 private:
  std::uint64_t next_turn_of(const ipc::PeerAddress& client);

  const config::PoolOrder order_;
  std::uint64_t turn_ = 0;                           // round robin: that of the last job taken,
  std::array<std::uint64_t, kClients> last_turn_{};  // and of the last that came of each client
};

}  // namespace prefork::pool
