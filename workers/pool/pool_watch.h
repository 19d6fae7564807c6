// Says when a worker's pool is at a standstill: for seconds every thread has been busy with what it
// has, and requests wait. Nobody would see it otherwise, for the event loop lives on. One thread:
// the event loop.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>

#include "ipc/segment.h"
#include "workers/pool/thread_pool.h"

namespace prefork::pool {

class PoolWatch {
 public:
  // Of the class `name`. `record` outlives it.
  PoolWatch(const ipc::WorkerRecord& record, std::string name)
      : record_(record), name_(std::move(name)) {}

  // Now and then. A line for the log, with what the threads do: when a stall has lasted for some
  // seconds, and again from time to time.
  std::optional<std::string> look(const ThreadPool::Stall& stall, std::uint64_t now_ns);

 private:
  const ipc::WorkerRecord& record_;
  std::string name_;
  std::uint64_t quiet_until_ns_ = 0;
};

}  // namespace prefork::pool
