// Which worker should have a new connection: the one with the fewest. Each worker's load word holds
// its epoch (upper half) and the connections it has or was promised (lower half). Whoever takes a
// connection from the listening socket reserves a place on the least loaded worker by
// compare-and-swap and then hands the socket on; so two workers that accept at the same moment
// never choose the same place, and the numbers of open connections differ by at most one.
//
// The epoch makes a reservation die with the process it was made for: a message that carries
// another epoch than the receiver's was promised to a predecessor, and is counted anew.
#pragma once

#include <cstdint>
#include <optional>

#include "ipc/segment.h"

namespace prefork::ipc {

// Called by the worker itself when it starts to serve.
void start_load(WorkerRecord& record, std::uint32_t epoch);

// Adds one connection unless the record has passed on to another epoch.
bool add_load(WorkerRecord& record, std::uint32_t epoch);

// Takes one off unless the record has passed on to another epoch.
void remove_load(WorkerRecord& record, std::uint32_t epoch);

[[nodiscard]] std::uint32_t load_of(const WorkerRecord& record);

// A sibling is healthy when it accepts and its event loop has shown life within this time, or waits
// and is to be heard of again, and nothing has waited in its inbox for longer. Short, because work
// handed to a stopped worker waits until a sibling reclaims it.
inline constexpr std::uint64_t kHealthyBeatNs = 400'000'000;

[[nodiscard]] bool is_healthy(const Segment& segment, Place id, std::uint64_t now_ns);
// Whether any process of the slot accepts.
[[nodiscard]] bool is_accepting(const Segment& segment, std::uint32_t slot);

// Something is about to be sent to the slot's inbox. A worker that waits for its inbox does nothing
// else: this is how others see that it does not wake up.
void note_handed(const Segment& segment, std::uint32_t slot, std::uint64_t now_ns);
// The inbox was found empty.
void clear_handed(const Segment& segment, std::uint32_t slot);
[[nodiscard]] bool is_handed(const Segment& segment, std::uint32_t slot);

struct Placement {
  Place target;
  std::uint32_t epoch = 0;
};

// Reserves a place on the least loaded healthy worker; ties go to `self`. With `allow_self` false
// (a draining worker gives its connections away) nothing is returned when there is no other.
std::optional<Placement> reserve_place(const Segment& segment, Place self, std::uint64_t now_ns,
                                       bool allow_self);

// Whether `self` has more than `by` connections more than the healthy sibling with the fewest.
[[nodiscard]] bool is_ahead(const Segment& segment, Place self, std::uint32_t by,
                            std::uint64_t now_ns);

// How many of its connections `self` has too many beside its healthy siblings: 0 when none of these
// has at least two fewer, so that numbers as even as they can be ask for nothing.
[[nodiscard]] std::uint32_t excess_of(const Segment& segment, Place self, std::uint64_t now_ns);

// For a connection that `self` has: reserves a place on the least loaded healthy sibling if that
// one has at least two fewer. Each such move makes the numbers more even, whoever else moves some
// at the same time, so that no connection goes to and fro.
std::optional<Placement> reserve_fairer_place(const Segment& segment, Place self,
                                              std::uint64_t now_ns);

}  // namespace prefork::ipc
