// The supervisor's transition table: what a seat in each state does about each thing that can
// happen to it. Constant data, read by workers/supervision/seat_machine.cpp only. No cell is left
// to a default.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "workers/supervision/supervisor_messages.h"
#include "workers/supervision/supervisor_state.h"

namespace prefork::supervision {

// What can happen to a seat. The first six are facts from outside, the rest follows from the clock
// or from what is wanted of the whole server.
enum class Input : std::uint8_t {
  forked,
  fork_failed,
  ready,
  exited,
  beat,
  recycle,
  due,     // its deadline has passed
  silent,  // its last beat is too old
  retire,  // nothing is to serve here any longer: ask the process to leave
  kill,    // the same, at once
};
inline constexpr std::uint32_t kInputs = 10;

// What comes with an input, as far as it needs anything.
struct Detail {
  Pid pid = 0;                                       // forked
  int error_number = 0;                              // fork_failed
  Exit exit = {};                                    // exited
  TimePoint time = {};                               // beat
  DrainReason why = DrainReason::stop;               // retire
  RecycleReason wish = RecycleReason::share_served;  // recycle
};

enum class Reaction : std::uint8_t {
  ignore,
  note_pid,      // the process exists; what was decided on meanwhile is sent
  fork_lost,     // there never was a process: as lost
  serve,         // ready; as a replacement it takes the slot over
  lost,          // nobody asked it to go, or it was killed: depends on what is wanted of the seat
  left,          // gone as asked: the seat is free
  beat,          // remember the beat
  successor,     // remember that a successor is wanted
  abort_boot,    // SIGABRT; as a replacement it has failed
  abort_silent,  // SIGABRT
  cut,           // SIGKILL, and say so
  escalate,      // the next harder signal
  restart,       // a new process
  retry,         // a new process, if another worker serves meanwhile
  drain,         // ask it to leave, by a deadline
  shorten,       // it was asked already: its deadline can only come nearer
  orphan,        // it is ending anyway: nothing follows it
  end,           // SIGKILL, unless that was sent already
  forget,        // no process, and none is wanted any longer
};

using ReactionRow = std::array<Reaction, kProcessStates>;

// Rows in the order of Input, columns in the order of ProcessState.
inline constexpr std::array<ReactionRow, kInputs> kReactions = [] {
  using enum Reaction;
  // clang-format off
  return std::array<ReactionRow, kInputs>{{
    //                 vacant  starting    ready         draining   killing    backoff  failed
    /* forked      */ {ignore, note_pid,   ignore,       note_pid,  note_pid,  ignore,  ignore},
    /* fork_failed */ {ignore, fork_lost,  ignore,       fork_lost, fork_lost, ignore,  ignore},
    /* ready       */ {ignore, serve,      ignore,       ignore,    ignore,    ignore,  ignore},
    /* exited      */ {ignore, lost,       lost,         left,      lost,      ignore,  ignore},
    /* beat        */ {ignore, ignore,     beat,         beat,      ignore,    ignore,  ignore},
    /* recycle     */ {ignore, ignore,     successor,    ignore,    ignore,    ignore,  ignore},
    /* due         */ {ignore, abort_boot, ignore,       cut,       escalate,  restart, retry},
    /* silent      */ {ignore, ignore,     abort_silent, abort_silent, ignore, ignore,  ignore},
    /* retire      */ {ignore, drain,      drain,        shorten,   orphan,    forget,  forget},
    /* kill        */ {ignore, end,        end,          end,       end,       forget,  forget},
  }};
  // clang-format on
}();

constexpr Reaction reaction(ProcessState state, Input input) {
  return kReactions[static_cast<std::size_t>(input)][static_cast<std::size_t>(state)];
}

}  // namespace prefork::supervision
