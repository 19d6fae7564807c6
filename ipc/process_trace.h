// What a worker leaves of itself in its record for those who ask why it died, or what it is in:
// with plain stores, so that it is there whatever ends the process.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>

#include "ipc/crash_box.h"
#include "ipc/finished_ring.h"
#include "ipc/object_table.h"
#include "ipc/stack_sample.h"

namespace prefork::ipc {

inline constexpr std::uint32_t kMaxPoolThreads = 256;

// What an application can ask to be called at, in a worker.
enum class WorkerHook : std::uint32_t {
  none = 0,
  start = 1,
  lead = 2,
  drain = 3,
  stop = 4,
  exit = 5,  // what it has left for exit(3) to call
};

struct alignas(64) ProcessTrace {
  // The hook of the application that it has called and that has not returned.
  std::atomic<WorkerHook> hook{WorkerHook::none};
  // The last words: what it has finished, what ended it, and where its code is.
  alignas(64) FinishedRing finished;
  alignas(64) CrashBox crash;
  alignas(64) ObjectTable objects;
  // The threads of its pool as the kernel knows them, and the stack of the one that the master asks
  // about.
  alignas(64) std::array<std::atomic<std::int32_t>, kMaxPoolThreads> pool_thread_ids{};
  StackSample sample;

  // When nobody writes any more.
  void clear() {
    hook.store(WorkerHook::none, std::memory_order_relaxed);
    finished.clear();
    crash.clear();
    objects.clear();
    for (std::atomic<std::int32_t>& id : pool_thread_ids) {
      id.store(0, std::memory_order_relaxed);
    }
    sample.clear();
  }
};

}  // namespace prefork::ipc
