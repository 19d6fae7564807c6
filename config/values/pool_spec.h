// A class of a worker's thread pool: threads of its own, a queue of its own, and what is done when
// more is asked of it than it can do. A slow class so never takes the threads of another one. A
// plain value, checked when it is parsed.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "config/base/result.h"

namespace prefork::config {

// Which of the jobs that wait is run next.
enum class PoolOrder : std::uint8_t {
  fcfs,         // first come, first served
  shortest,     // the shortest expected first, as its route's earlier requests took
  round_robin,  // one turn for each client address
  feedback,     // routes that take long come after those that do not
};

struct PoolSpec {
  std::string name;           // [a-z][a-z0-9_-]*, at most kMaxPoolNameBytes
  std::uint32_t threads = 1;  // 1 to 256
  std::uint32_t queue = 512;  // jobs that wait, 1 to 1,000,000
  // So long a job may wait; then it is answered with 503 and never run. 10 ms to 24 h; 0: no end,
  // and no order but the class's own when there is too much to do.
  std::chrono::milliseconds wait{1'000};
  std::uint32_t reserve = 0;  // of the threads: those that only take jobs of high priority
  bool batch = false;         // SCHED_BATCH (sched(7)) and a nice value of kBatchNice

  // `reports=2,queue=100,wait=5s`, which parse_pool_spec() accepts.
  [[nodiscard]] std::string text() const;

  bool operator==(const PoolSpec&) const = default;
};

inline constexpr std::size_t kMaxPools = 8;  // the default one among them
inline constexpr std::size_t kMaxPoolNameBytes = 15;
inline constexpr std::string_view kDefaultPool = "default";
inline constexpr int kBatchNice = 5;

// `NAME=THREADS[,queue=N][,wait=TIME|off][,reserve=N][,batch]`.
Result<PoolSpec> parse_pool_spec(std::string_view text);

Result<PoolOrder> parse_pool_order(std::string_view text);
std::string_view to_string(PoolOrder order);

}  // namespace prefork::config
