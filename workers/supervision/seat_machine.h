// The life of one seat: carries out the reactions that workers/supervision/supervisor_table.h
// names, for every seat of the roster. Knows nothing of reloads, of the number of workers or of a
// stop: what a reaction means for those is returned, and followed up by the supervisor.
#pragma once

#include <cstdint>
#include <optional>

#include "workers/supervision/roster.h"
#include "workers/supervision/supervisor_messages.h"
#include "workers/supervision/supervisor_state.h"
#include "workers/supervision/supervisor_table.h"
#include "workers/supervision/turn.h"

namespace prefork::supervision {

// The delay after this many losses in a row.
Duration backoff(std::uint32_t losses);

// What a reaction means beyond its seat.
struct Outcome {
  enum class Kind : std::uint8_t {
    none,
    ready,           // it serves from now on
    cut,             // a worker that had served is ended by SIGKILL
    boot_timed_out,  // `failure`; it is not waited for any longer
    lost,            // `failure`; its seat waits for succeed()
  };

  Kind kind = Kind::none;
  std::optional<Failure> failure = std::nullopt;
};

class SeatMachine {
 public:
  // All three outlive it.
  SeatMachine(Roster& roster, const Wanted& wanted, Turn& turn);

  // What it knows beside the roster.
  struct Past {
    Epoch last_epoch = 0;
    bool any_worker_was_ready = false;
  };
  [[nodiscard]] const Past& past() const { return past_; }
  void remember(const Past& past) { past_ = past; }

  Outcome feed(Place at, Input input, const Detail& detail);

  // Aborts when there is a process, or none is wanted in this slot.
  // It is judged by these settings as long as it lives.
  void spawn(Place at, Part part, Generation generation, const Settings& settings);

  // The slot was given another chance by an operator or a replacement: counts as a restart.
  void respawn(Place at, Generation generation, const Settings& settings);

  // After Outcome `lost`: the process beside it takes the slot over, or the seat waits for another
  // start, or nothing follows.
  void succeed(Place at, const Failure& failure);

 private:
  void note_pid(Place at, Pid pid);
  Outcome serve(Place at);
  void note_beat(Place at, TimePoint time);
  void note_successor(Place at, RecycleReason why);
  Duration quarantine_delay(Place at);
  void drain(Place at, DrainReason why);
  void shorten_deadline(Place at, DrainReason why);
  Outcome cut(Place at);
  Outcome abort_boot(Place at);
  void abort_silent(Place at);
  void escalate(Place at);
  Outcome end(Place at);
  void send(Place at, Signal signal);
  Outcome lose(Place at, FailureKind kind, const Detail& detail);
  void leave(Place at, const Detail& detail);
  void release(Place at, const Exit& exit);
  void clear(Place at);
  void plan_restart(Place at, const Failure& failure);
  void restart(Place at);
  void retry(Place at);
  void enter(Place at, ProcessState state, std::optional<TimePoint> deadline);
  [[nodiscard]] Outcome cut_outcome(Place at) const;
  [[nodiscard]] std::optional<TimePoint> time_to_leave(Place at, DrainReason why) const;

  Roster& roster_;
  const Wanted& wanted_;
  Turn& turn_;
  Past past_;
};

}  // namespace prefork::supervision
