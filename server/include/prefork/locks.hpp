// What the threads of all workers wait for: mutex, semaphore, read-write lock, event, once,
// barrier; declared with App::mutex and its relatives (see sharing.hpp).
//
// Each is there once, in the server's memory: it outlives its workers and every reload, and ends
// with the server. A worker that is killed at any instruction leaves nothing locked: what it owned
// is the next one's, who is told that the owner died, since what was protected may be half changed.
// That takes a waiting one at most some 50 ms.
//
// Small values, to be copied into handlers; they are valid as long as the application. Any thread
// of a worker. Whoever waits says how long at most; on the event loop (routes with on_loop or
// deferred, on_drain, on_lead) waiting is refused, with a line in the log that names the handler,
// and only what begins with try_ does something. Outside of a worker, in PREFORK_APP and in
// on_load, all of it is refused. Nothing here throws, but for what a function throws that is handed
// in.
#pragma once

#include <prefork/cxx20.hpp>

#include <chrono>
#include <cstdint>
#include <utility>

#include <prefork/abi.h>

namespace prefork {
inline namespace v1 {

// How long at most; nanoseconds::max(): for ever. Negative is 0.
using Timeout = std::chrono::nanoseconds;

enum class Waited : std::uint8_t {
  done,
  timed_out,
  refused,  // on the event loop, or not in a worker
};

namespace detail {

inline std::uint64_t to_ns(Timeout timeout) {
  if (timeout == Timeout::max()) {
    return UINT64_MAX;
  }
  return timeout.count() > 0 ? static_cast<std::uint64_t>(timeout.count()) : 0;
}

inline Waited to_waited(prefork_status status) {
  switch (status) {
    case PREFORK_OK:
    case PREFORK_OWNER_DIED:
      return Waited::done;
    case PREFORK_TIMEOUT:
      return Waited::timed_out;
    default:
      return Waited::refused;
  }
}

// Which thing of which application. Both outlive it.
class Thing {
 public:
  Thing(const prefork_api& api, prefork_app* app, std::uint32_t number)
      : api_(&api), app_(app), number_(number) {}

 protected:
  [[nodiscard]] const prefork_api& api() const { return *api_; }
  [[nodiscard]] prefork_app* app() const { return app_; }
  [[nodiscard]] std::uint32_t number() const { return number_; }

 private:
  const prefork_api* api_;
  prefork_app* app_;
  std::uint32_t number_;
};

}  // namespace detail

// Something that is owned as long as this lives, or was not to be had. Moved, not copied; may be
// given back by another thread of the same worker.
class Hold {
 public:
  using GiveBack = prefork_status (*)(const prefork_api&, prefork_app*, std::uint32_t thing,
                                      std::uint32_t part);

  // For those below.
  Hold(const prefork_api& api, prefork_app* app, std::uint32_t thing, prefork_status status,
       std::uint32_t part, GiveBack release)
      : api_(&api), app_(app), thing_(thing), part_(part), status_(status), give_back_(release) {
    is_owned_ = status == PREFORK_OK || status == PREFORK_OWNER_DIED;
  }
  ~Hold() { give_back(); }
  Hold(Hold&& other) noexcept
      : api_(other.api_),
        app_(other.app_),
        thing_(other.thing_),
        part_(other.part_),
        status_(other.status_),
        give_back_(other.give_back_),
        is_owned_(std::exchange(other.is_owned_, false)) {}
  Hold(const Hold&) = delete;
  Hold& operator=(const Hold&) = delete;
  Hold& operator=(Hold&&) = delete;

  // It is owned.
  explicit operator bool() const { return is_owned_; }
  // It is owned, and who owned it before has died with it.
  [[nodiscard]] bool owner_died() const { return is_owned_ && status_ == PREFORK_OWNER_DIED; }
  // What became of the wait, also after it was given back.
  [[nodiscard]] Waited waited() const { return detail::to_waited(status_); }
  // Of a semaphore: which one, from 0; nobody else has it.
  [[nodiscard]] std::uint32_t unit() const { return part_; }
  // Before the end of this object; at most once counts.
  void give_back() {
    if (std::exchange(is_owned_, false)) {
      give_back_(*api_, app_, thing_, part_);
    }
  }

 private:
  const prefork_api* api_;
  prefork_app* app_;
  std::uint32_t thing_;
  std::uint32_t part_;
  prefork_status status_;
  GiveBack give_back_;
  bool is_owned_ = false;
};

// One owner among all threads of all workers. Not recursive, and not fair.
class Mutex : private detail::Thing {
 public:
  using Thing::Thing;

  [[nodiscard]] Hold lock(Timeout timeout) const {
    const prefork_status status = api().lock_mutex(app(), number(), detail::to_ns(timeout));
    return {api(),
            app(),
            number(),
            status,
            0,
            [](const prefork_api& api, prefork_app* app, std::uint32_t thing, std::uint32_t) {
              return api.unlock_mutex(app, thing);
            }};
  }
  [[nodiscard]] Hold try_lock() const { return lock(Timeout::zero()); }
};

// So many units, numbered from 0: Hold::unit(). Not fair.
class Semaphore : private detail::Thing {
 public:
  using Thing::Thing;

  [[nodiscard]] Hold acquire(Timeout timeout) const {
    std::uint32_t unit = 0;
    const prefork_status status =
        api().acquire_unit(app(), number(), detail::to_ns(timeout), &unit);
    return {api(),
            app(),
            number(),
            status,
            unit,
            [](const prefork_api& api, prefork_app* app, std::uint32_t thing, std::uint32_t part) {
              return api.release_unit(app, thing, part);
            }};
  }
  [[nodiscard]] Hold try_acquire() const { return acquire(Timeout::zero()); }
};

// Many readers (128 at once, more wait) or one writer. A writer that waits keeps new readers out,
// so a thread that reads must not read again before it has given back. owner_died(): a writer has
// died; every reader is told until a writer has had the lock.
class RwLock : private detail::Thing {
 public:
  using Thing::Thing;

  [[nodiscard]] Hold read(Timeout timeout) const {
    std::uint32_t reader = 0;
    const prefork_status status = api().lock_read(app(), number(), detail::to_ns(timeout), &reader);
    return {api(),
            app(),
            number(),
            status,
            reader,
            [](const prefork_api& api, prefork_app* app, std::uint32_t thing, std::uint32_t part) {
              return api.unlock_read(app, thing, part);
            }};
  }
  [[nodiscard]] Hold write(Timeout timeout) const {
    const prefork_status status = api().lock_write(app(), number(), detail::to_ns(timeout));
    return {api(),
            app(),
            number(),
            status,
            0,
            [](const prefork_api& api, prefork_app* app, std::uint32_t thing, std::uint32_t) {
              return api.unlock_write(app, thing);
            }};
  }
  [[nodiscard]] Hold try_read() const { return read(Timeout::zero()); }
  [[nodiscard]] Hold try_write() const { return write(Timeout::zero()); }
};

// Has happened or has not. Nobody owns it.
class Event : private detail::Thing {
 public:
  using Thing::Thing;

  // Releases all who wait; who comes later does not wait until it is cleared.
  void set() const { api().set_event(app(), number(), 1); }
  void clear() const { api().set_event(app(), number(), 0); }
  [[nodiscard]] bool is_set() const { return api().wait_event(app(), number(), 0) == PREFORK_OK; }
  [[nodiscard]] Waited wait(Timeout timeout) const {
    return detail::to_waited(api().wait_event(app(), number(), detail::to_ns(timeout)));
  }
};

// Something that is done once as long as the server runs, reloads included.
class Once : private detail::Thing {
 public:
  using Thing::Thing;

  // Calls `function(bool owner_died)`, unless it was done: then returns at once; while another
  // thread is at it, waits. If it throws, or its process dies, it is the next one's turn; that one
  // gets true when a predecessor died within it. `done`: it is done, by whomever.
  template <typename Function>
  Waited run(Timeout timeout, Function function) const {
    const prefork_status status = api().begin_once(app(), number(), detail::to_ns(timeout));
    if (status == PREFORK_END) {
      return Waited::done;
    }
    if (status != PREFORK_OK && status != PREFORK_OWNER_DIED) {
      return detail::to_waited(status);
    }
    Turn turn{*this};
    function(status == PREFORK_OWNER_DIED);
    turn.is_done = 1;
    return Waited::done;
  }

 private:
  struct Turn {
    explicit Turn(const Once& once) : of(once) {}
    ~Turn() { of.api().end_once(of.app(), of.number(), is_done); }
    Turn(const Turn&) = delete;
    Turn& operator=(const Turn&) = delete;

    const Once& of;
    int is_done = 0;
  };
};

// So many threads wait for each other; when the last one comes, all go on, and the next round
// begins. Who dies while it waits, or whose time is up, does not count any more.
class Barrier : private detail::Thing {
 public:
  using Thing::Thing;

  [[nodiscard]] Waited arrive_and_wait(Timeout timeout) const {
    return detail::to_waited(api().wait_barrier(app(), number(), detail::to_ns(timeout)));
  }
};

}  // namespace v1
}  // namespace prefork
