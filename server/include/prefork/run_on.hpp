// What stands before the handler in App::route and its relatives: where it runs, and how much
// content it takes. Without a place it runs on a thread of the worker's pool (--threads) and may
// block; several run at once. Plain values.
#pragma once

#include <prefork/cxx20.hpp>

#include <cstdint>
#include <string_view>

#include <prefork/abi.h>

namespace prefork {
inline namespace v1 {

// On the event loop: it must not block, for every connection of the worker waits meanwhile.
struct OnLoop {};
inline constexpr OnLoop on_loop{};

// Called on the event loop, where it must not block; the Responder it gets makes the response
// later, from any thread.
struct Deferred {};
inline constexpr Deferred deferred{};

// Of the requests that wait for a thread of the same class. A lower one is not forgotten: of nine
// that run while it waits, one is its.
enum class Priority { high, normal, low };

namespace detail {

inline prefork_priority to_native(Priority priority) {
  return priority == Priority::high  ? PREFORK_HIGH
         : priority == Priority::low ? PREFORK_LOW
                                     : PREFORK_NORMAL;
}

}  // namespace detail

// On a thread of the pool, and on which: the class `name` of --pool, whose threads nobody else
// takes (empty, or a class that there is not: the default one, --threads). `name` is copied when
// the route is added.
struct OnPool {
  std::string_view name;
  Priority priority = Priority::normal;
};
inline constexpr OnPool on_pool(std::string_view name, Priority priority = Priority::normal) {
  return {name, priority};
}
inline constexpr OnPool on_pool(Priority priority) { return {{}, priority}; }

// On the pool, as soon as the head is there: it reads the content itself, with Request::read().
// While that waits for the client the thread does not count, and another one takes its place where
// there is work; with the content it counts again.
struct Upload {
  std::uint64_t limit = 0;  // of the content, in bytes; beyond: 413. 0: as of other routes
  OnPool pool = {};
};
inline constexpr Upload upload(std::uint64_t limit, OnPool pool = {}) { return {limit, pool}; }

// The most content that the route takes, in bytes, at least 1; beyond: 413. Without it the group's,
// or --limit-body. All of it is in memory before the handler is called.
//
//   app.post("/orders", prefork::body_limit(64 * 1024), add_order);
struct BodyLimit {
  std::uint64_t bytes;
};
inline constexpr BodyLimit body_limit(std::uint64_t bytes) { return {bytes}; }

}  // namespace v1
}  // namespace prefork
