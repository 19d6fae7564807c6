// What the classes of a worker's pool have in common: the mutex that guards all of them, the
// numbers of their threads, and the worker's totals.
#pragma once

#include <cstdint>
#include <mutex>
#include <optional>

#include "ipc/segment.h"

namespace prefork::pool {

class PoolAccount {
 public:
  // `record` outlives it.
  explicit PoolAccount(ipc::WorkerRecord& record) : record_(record) {}

  [[nodiscard]] std::mutex& mutex() const { return mutex_; }
  [[nodiscard]] ipc::WorkerRecord& record() const { return record_; }

  // All with the lock held.

  // For one more thread: its number, which is that of its box in the record, for good. Nothing:
  // there are ipc::kMaxPoolThreads.
  std::optional<std::uint32_t> next_thread() {
    return threads_ < ipc::kMaxPoolThreads ? std::optional(threads_++) : std::nullopt;
  }
  // The thread of this number, the last one, could not be made.
  void give_back_thread() { --threads_; }

  void add_wanted(std::uint32_t threads) { change(ipc::Gauge::pool_threads, wanted_, threads); }
  void change_busy(std::int64_t by) { change(ipc::Gauge::pool_busy, busy_, by); }
  void change_queued(std::int64_t by) { change(ipc::Gauge::pool_queued, queued_, by); }

 private:
  void change(ipc::Gauge gauge, std::int64_t& total, std::int64_t by) {
    total += by;
    record_.gauges.set(gauge, static_cast<std::uint64_t>(total));
  }

  mutable std::mutex mutex_;
  ipc::WorkerRecord& record_;
  std::uint32_t threads_ = 0;
  std::int64_t wanted_ = 0;
  std::int64_t busy_ = 0;
  std::int64_t queued_ = 0;
};

}  // namespace prefork::pool
