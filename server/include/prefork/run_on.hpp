// Where a handler runs: the argument before the handler in App::route and its relatives. Without
// one of these it runs on a thread of the worker's pool (--threads) and may block; several run at
// once. Plain values.
#pragma once

#include <cstdint>

namespace prefork {
inline namespace v1 {

// On the event loop: it must not block, for every connection of the worker waits meanwhile.
struct OnLoop {};
inline constexpr OnLoop on_loop{};

// Called on the event loop, where it must not block; the Responder it gets makes the response
// later, from any thread.
struct Deferred {};
inline constexpr Deferred deferred{};

// On the pool, as soon as the head is there: it reads the content itself, with Request::read().
struct Upload {
  std::uint64_t limit = 0;  // of the content, in bytes; beyond: 413. 0: --limit-body
};
inline constexpr Upload upload(std::uint64_t limit) { return {limit}; }

}  // namespace v1
}  // namespace prefork
