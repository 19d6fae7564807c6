// What an application has of its worker's event loop: it may have a function called there by any
// thread, at a time, or when a descriptor is ready, and a function run on the pool. Implemented by
// the engine; handed to the application when it enters a worker, and there until the worker stops.
//
// The functions are called by the loop, one at a time, each from its turn and never from within
// another function of the application. What they throw is not caught.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string_view>

#include "server/exchange/job_profile.h"

namespace prefork::exchange {

// Of a function that was to run on the pool.
enum class WorkEnd : std::uint8_t {
  done,
  refused,  // it found no room there, or no thread in time
  dropped,  // the worker stops
};

struct PoolWork {
  std::string_view pool;  // the class; empty, or one that there is not: the default one
  Priority priority = Priority::normal;
  std::function<void()> run;                  // on a thread of the pool
  std::function<void(WorkEnd how)> on_ended;  // afterwards, or instead, on the loop
};

class Scheduler {
 public:
  using Function = std::function<void()>;

  // Functions of post() that wait for their turn.
  static constexpr std::size_t kMaxPosted = 65'536;

  // Names what was started; 0: nothing was.
  using TimerId = std::uint64_t;
  using WatchId = std::uint64_t;

  Scheduler() = default;
  virtual ~Scheduler() = default;
  Scheduler(const Scheduler&) = delete;
  Scheduler& operator=(const Scheduler&) = delete;

  // --- any thread ---
  [[nodiscard]] virtual bool is_loop_thread() const = 0;
  enum class Posted : std::uint8_t {
    yes,
    full,  // kMaxPosted wait
    over,  // the worker has stopped
  };
  virtual Posted post(Function function) = 0;
  // The same without a limit, for news whose number has one by itself. Nothing happens once the
  // worker has stopped.
  virtual void tell(Function function) = 0;

  // --- the loop's thread ---
  // Once, in the first turn that begins so much later or after that.
  virtual TimerId start_timer(std::uint64_t delay_ns, Function function) = 0;
  virtual void cancel_timer(TimerId id) = 0;
  // Once, when `fd` can be read from or written to without waiting, or is broken. It stays the
  // caller's, who cancels before closing it. One watch for each direction of a descriptor. 0: errno
  // says why (EPERM: it never waits; EEXIST: there is one).
  virtual WatchId watch(int fd, bool for_writing, Function function) = 0;
  virtual void cancel_watch(WatchId id) = 0;
  // False: refused, and nothing is called. True: on_ended will be.
  virtual bool submit(PoolWork work) = 0;

  // At the worker's end: calls what was posted, and what that posts.
  virtual void settle() = 0;
  // The last call of all: whatever is asked for from now on is not taken.
  virtual void end() = 0;
};

}  // namespace prefork::exchange
