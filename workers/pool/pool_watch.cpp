#include "workers/pool/pool_watch.h"

#include <cstddef>

#include "config/base/config_error.h"
#include "config/values/pool_spec.h"
#include "ipc/base/timespec.h"

namespace prefork::pool {

namespace {

constexpr std::uint64_t kStallNs = 3 * ipc::kNsPerSecond;
constexpr std::uint64_t kAgainNs = 30 * ipc::kNsPerSecond;
// More would make no line that anybody reads.
constexpr std::size_t kMaxNamed = 8;

std::string seconds(std::uint64_t from_ns, std::uint64_t until_ns) {
  return std::to_string(until_ns > from_ns ? (until_ns - from_ns) / ipc::kNsPerSecond : 0) + " s";
}

}  // namespace

std::optional<std::string> PoolWatch::look(const ThreadPool::Stall& stall, std::uint64_t now_ns) {
  if (stall.waiting == 0 || now_ns < stall.since_ns + kStallNs) {
    return std::nullopt;
  }
  if (now_ns < quiet_until_ns_) {
    return std::nullopt;
  }
  quiet_until_ns_ = now_ns + kAgainNs;
  const bool is_default = name_ == config::kDefaultPool;
  std::string line = "every thread of the pool" + (is_default ? "" : " '" + name_ + "'") +
                     " has been busy for " + seconds(stall.since_ns, now_ns) + ", " +
                     std::to_string(stall.waiting) + " requests wait (" +
                     (is_default ? "--threads" : "--pool") + "); they work on";
  std::size_t named = 0;
  for (const std::uint32_t number : stall.threads) {
    const auto request = record_.pool_requests[number].get();
    if (!request) {
      continue;
    }
    if (named++ < kMaxNamed) {
      line += (named == 1 ? " " : ", ") + config::printable(request->method) + " " +
              config::printable(request->path) + " (" + seconds(request->started_ns, now_ns) + ")";
    }
  }
  return named > kMaxNamed ? line + " and " + std::to_string(named - kMaxNamed) + " more" : line;
}

}  // namespace prefork::pool
