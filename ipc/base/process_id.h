// How a process of the server is named and what is known of it, in the words that the supervisor,
// the control protocol and the readers of the statistics segment share. Plain values.
#pragma once

#include <compare>
#include <cstdint>
#include <string_view>

namespace prefork::ipc {

// A successor boots beside the process it replaces, so each slot has room for two.
inline constexpr std::uint32_t kSeatsPerSlot = 2;

// Where a process belongs: one seat of one slot. A slot is a stable worker index.
struct Place {
  std::uint32_t slot = 0;
  std::uint32_t seat = 0;
  friend auto operator<=>(const Place&, const Place&) = default;
};

// What a seat's process does. The states' lives are told in workers/supervision/supervisor_state.h;
// the numbers are part of the segment's layout.
enum class ProcessState : std::uint32_t {
  // No process and nothing planned here. Says nothing about the slot: its other seat may serve.
  vacant = 0,
  // Spawned, not yet ready. Judged by its boot deadline only, never by its heartbeat. Does not say
  // that the process exists already: the pid is none until the shell has reported the fork.
  starting = 1,
  // Reported itself ready and was not asked to leave. Judged by its heartbeat; has no deadline.
  // Does not say that it is idle or busy, nor that it still answers: silence is noticed later.
  ready = 2,
  // Asked to finish what it runs and leave, before its deadline. Not judged by its heartbeat. Does
  // not say that the process has read the request, nor that it ever was ready.
  draining = 3,
  // Sent a signal that ends it; the deadline is when the next, harder one is due. The process may
  // still run code and hold its connections: it is gone only when reaped.
  killing = 4,
  // No process. The slot's process was lost and the seat is filled again at the deadline. Without a
  // deadline: no worker has ever been ready, so a second try waits until one has.
  backoff = 5,
  // No process. Booting failed too many times in a row; the deadline is the next rare try. Does not
  // say that the server is lost: other slots may serve.
  failed = 6,
};
inline constexpr std::uint32_t kProcessStates = 7;

// As the statistics show it.
constexpr std::string_view to_string(ProcessState state) {
  switch (state) {
    case ProcessState::vacant:
      return "vacant";
    case ProcessState::starting:
      return "starting";
    case ProcessState::ready:
      return "ready";
    case ProcessState::draining:
      return "draining";
    case ProcessState::killing:
      return "killing";
    case ProcessState::backoff:
      return "backoff";
    case ProcessState::failed:
      return "failed";
  }
  return "unknown";
}

// Why a process is asked to leave. The numbers are part of the control protocol.
enum class DrainReason : std::uint8_t {
  stop = 1,      // the server ends
  replaced = 2,  // its successor is ready
  removed = 3,   // fewer workers are wanted
  stuck = 4,     // a handler of it does not come back; its successor starts
};

// Why a worker wants a successor, or is to have one. The numbers are part of the control protocol.
enum class RecycleReason : std::uint8_t {
  share_served = 1,  // it has served its share of requests
  terminated = 2,    // somebody sent it SIGTERM
  ordered = 3,       // an operator wants it; no process says that of itself
  lifetime = 4,      // it has served for as long as it may
  memory = 5,        // it has more memory than it may; the observer says so
  stuck = 6,         // a handler of it does not come back
};
inline constexpr std::uint32_t kRecycleReasons = 6;

// As the statistics show it.
constexpr std::string_view to_string(RecycleReason reason) {
  switch (reason) {
    case RecycleReason::share_served:
      return "requests";
    case RecycleReason::terminated:
      return "terminated";
    case RecycleReason::ordered:
      return "ordered";
    case RecycleReason::lifetime:
      return "lifetime";
    case RecycleReason::memory:
      return "memory";
    case RecycleReason::stuck:
      return "stuck";
  }
  return "unknown";
}

}  // namespace prefork::ipc
