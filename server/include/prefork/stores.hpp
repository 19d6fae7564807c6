// What keeps something for all workers: atomic number, rate limit, queue and map; declared with
// App::atomic and its relatives (see sharing.hpp). Lifetime, threads and processes as told in
// locks.hpp: each is there once, outlives workers and reloads, and a worker that is killed at any
// instruction has changed nothing or all.
#pragma once

#include <prefork/cxx20.hpp>

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include <prefork/abi.h>
#include <prefork/locks.hpp>
#include <prefork/request.hpp>

namespace prefork {
inline namespace v1 {

// One number, 0 at first, of which each change is one step. Wraps around. Outside of a worker it is
// 0 and stays so.
class Atomic : private detail::Thing {
 public:
  using Thing::Thing;

  [[nodiscard]] std::int64_t get() const {
    std::int64_t value = 0;
    api().get_atomic(app(), number(), &value);
    return value;
  }
  void set(std::int64_t value) const { api().set_atomic(app(), number(), value); }
  // What it is then.
  std::int64_t add(std::int64_t amount) const {
    std::int64_t then = 0;
    api().add_atomic(app(), number(), amount, &then);
    return then;
  }
  // False, and `expected` becomes what it is, when it is something else.
  bool replace(std::int64_t& expected, std::int64_t value) const {
    return api().replace_atomic(app(), number(), &expected, value) == PREFORK_OK;
  }
};

// So many per time in all workers together (GCRA). Never waits.
class RateLimit : private detail::Thing {
 public:
  using Thing::Thing;

  // 0: they are taken. Else: how long until it is worth asking again, for Retry-After;
  // nanoseconds::max(): never, since it is more than the burst, or this is no worker.
  [[nodiscard]] std::chrono::nanoseconds take(std::uint64_t units = 1) const {
    std::uint64_t wait_ns = UINT64_MAX;
    api().take_rate(app(), number(), units, &wait_ns);
    constexpr auto kMost = std::chrono::nanoseconds::max();
    return wait_ns < static_cast<std::uint64_t>(kMost.count())
               ? std::chrono::nanoseconds(static_cast<std::int64_t>(wait_ns))
               : kMost;
  }
  [[nodiscard]] bool allows(std::uint64_t units = 1) const { return take(units).count() == 0; }
};

// Pieces of bytes, first in first out; any number of writers and readers. A piece is delivered at
// most once: a worker that dies with one in hand has had it.
class Queue : private detail::Thing {
 public:
  // For App::queue.
  Queue(const prefork_api& api, prefork_app* app, std::uint32_t number, std::size_t piece_bytes)
      : Thing(api, app, number), piece_bytes_(piece_bytes) {}

  // `refused` also when the piece is longer than declared.
  [[nodiscard]] Waited push(std::string_view piece, Timeout timeout) const {
    return detail::to_waited(
        api().push_queue(app(), number(), detail::text(piece), detail::to_ns(timeout)));
  }
  // False: full, too long, or another process stands still within a push.
  [[nodiscard]] bool try_push(std::string_view piece) const {
    return push(piece, Timeout::zero()) == Waited::done;
  }
  // Nothing: there came none within that time, or it was refused.
  [[nodiscard]] std::optional<std::string> pop(Timeout timeout) const {
    std::string piece(piece_bytes_, '\0');
    std::size_t got = 0;
    if (api().pop_queue(app(), number(), piece.data(), piece.size(), &got,
                        detail::to_ns(timeout)) != PREFORK_OK) {
      return std::nullopt;
    }
    piece.resize(got);
    return piece;
  }
  [[nodiscard]] std::optional<std::string> try_pop() const { return pop(Timeout::zero()); }

 private:
  std::size_t piece_bytes_;
};

// Values of at most 256 bytes by keys of at most 64. Readers wait for nobody; writers for each
// other, for the time of one change. No order, no expiry.
class Map : private detail::Thing {
 public:
  using Thing::Thing;

  struct Entry {
    std::string value;
    std::uint64_t version = 0;  // of this change alone; never 0
  };
  enum class Change : std::uint8_t {
    done,
    changed,  // it is not the version that was expected
    full,     // no room for a new key
    refused,  // key or value too long, no worker, or another process stands still within a change
  };
  static constexpr std::uint64_t kNew = 0;                // there must be none yet
  static constexpr std::uint64_t kWhatever = UINT64_MAX;  // replaces what there is

  [[nodiscard]] std::optional<Entry> get(std::string_view key) const {
    std::array<char, 256> room;
    std::size_t got = 0;
    Entry entry;
    if (api().get_map(app(), number(), detail::text(key), room.data(), &got, &entry.version) !=
        PREFORK_OK) {
      return std::nullopt;
    }
    entry.value.assign(room.data(), got);
    return entry;
  }
  // `expected`: the version that is replaced, kNew or kWhatever.
  Change put(std::string_view key, std::string_view value,
             std::uint64_t expected = kWhatever) const {
    return to_change(
        api().put_map(app(), number(), detail::text(key), detail::text(value), expected));
  }
  // Done also when there is no such key.
  Change erase(std::string_view key, std::uint64_t expected = kWhatever) const {
    return to_change(api().erase_map(app(), number(), detail::text(key), expected));
  }
  // In one step: `function` gets the value, or nothing, and returns the new one. Called again when
  // somebody else was faster.
  template <typename Function>
  Change update(std::string_view key, Function function) const {
    for (;;) {
      std::optional<Entry> entry = get(key);
      const std::uint64_t version = entry ? entry->version : kNew;
      const std::string value =
          function(entry ? std::optional<std::string>(std::move(entry->value)) : std::nullopt);
      const Change change = put(key, value, version);
      if (change != Change::changed) {
        return change;
      }
    }
  }

 private:
  static Change to_change(prefork_status status) {
    switch (status) {
      case PREFORK_OK:
        return Change::done;
      case PREFORK_CHANGED:
        return Change::changed;
      case PREFORK_FULL:
        return Change::full;
      default:
        return Change::refused;
    }
  }
};

}  // namespace v1
}  // namespace prefork
