// Moves lines from a ring to a sink, in blocks of whole lines, each of which is popped as soon as
// it is written. It believes nothing of what it finds there: who pushed it may be dead, or worse.
// By the ring's reader.
#pragma once

#include <cstdint>

#include "ipc/log/line_ring.h"
#include "ipc/log/line_sink.h"

namespace prefork::ipc {

struct MovedLines {
  std::uint64_t bytes = 0;  // that are popped
  std::uint64_t lost = 0;   // lines of these that are not in the sink as a whole
  int error = 0;  // EAGAIN: the sink has no room for what is left. Others: lines were lost
};

// By a reader that goes on where another one has died: what that has written of its last block is
// popped. It is looked for in the file, behind what was there before, where others may have written
// in between: lines tell whose they are by the worker that they name, and where they do not, one of
// another that reads the same may be taken for it. Nobody can look into a pipe: of that the block,
// at most 4 KiB, comes again.
void skip_written_lines(LineRing& ring, LineSink& sink);

// What is there now, as far as `until` (see LineRing::end()). What the sink refuses stays where it
// is while a reader may make room for it, and is lost otherwise: a full disk may stay so.
MovedLines move_lines(LineRing& ring, LineSink& sink, std::uint64_t until);

// All that is there now, as far as `until`, is lost; how many lines that were.
std::uint64_t drop_lines(LineRing& ring, std::uint64_t until = LineRing::kEverything);

}  // namespace prefork::ipc
