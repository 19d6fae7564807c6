#include "workers/pool/job_order.h"

#include <algorithm>
#include <string_view>

namespace prefork::pool {

namespace {

// A handler of 10 ms waits at most behind those that come within a tenth of a second after it.
constexpr std::uint64_t kWeight = 10;
constexpr std::uint64_t kFirstQuantumNs = 1'000'000;
constexpr std::uint64_t kSecondQuantumNs = 10'000'000;
constexpr std::uint64_t kLevels = 3;

std::uint64_t expected_ns(const exchange::Job& job) {
  return job.profile != nullptr ? job.profile->expected_ns() : 0;
}

std::uint64_t level_of(std::uint64_t expected_ns) {
  if (expected_ns <= kFirstQuantumNs) {
    return 0;
  }
  return expected_ns <= kSecondQuantumNs ? 1 : 2;
}

// FNV-1a. The port says nothing about who it is.
std::size_t hash_of(const ipc::PeerAddress& client) {
  std::uint64_t hash = 0xCBF29CE484222325;
  for (const auto byte : client.bytes) {
    hash = (hash ^ static_cast<std::uint8_t>(byte)) * 0x100000001B3;
  }
  return static_cast<std::size_t>(hash ^ (hash >> 32));
}

}  // namespace

std::uint64_t JobOrder::key_of(const exchange::Job& job) {
  switch (order_) {
    case config::PoolOrder::fcfs:
      return 0;
    case config::PoolOrder::shortest: {
      const std::uint64_t expected = std::min(expected_ns(job), kMostBehindNs / kWeight);
      return job.queued_ns + kWeight * expected;
    }
    case config::PoolOrder::round_robin:
      return next_turn_of(job.request.peer);
    case config::PoolOrder::feedback:
      return job.queued_ns / kBoostEveryNs * kLevels + level_of(expected_ns(job));
  }
  return 0;
}

std::uint64_t JobOrder::next_turn_of(const ipc::PeerAddress& client) {
  std::uint64_t& last = last_turn_[hash_of(client) % kClients];
  last = std::max(last, turn_) + 1;
  return last;
}

}  // namespace prefork::pool
