// What the supervisor knows: slots, seats, their states and the limits that rule them.
// Plain values, no behaviour. They live inside the Supervisor, in the master process and its one
// thread; the shell reads them for the log and for statistics and never writes them.
#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <optional>

#include "ipc/base/process_id.h"

namespace prefork::supervision {

using ipc::DrainReason;
using ipc::kProcessStates;
using ipc::kSeatsPerSlot;
using ipc::Place;
using ipc::ProcessState;
using ipc::RecycleReason;

using Clock = std::chrono::steady_clock;
using TimePoint = Clock::time_point;
using Duration = Clock::duration;

using Pid = std::int32_t;  // what the operating system calls pid_t; the core knows no system header
using Epoch = std::uint32_t;       // one number per spawn, increasing, never used twice
using Generation = std::uint32_t;  // one number per configuration

// The first delay before a lost process is started again; each further loss in a row doubles it.
inline constexpr std::chrono::milliseconds kBackoffFirst{100};
inline constexpr std::chrono::seconds kBackoffMax{10};
// A process that was ready for this long has paid for its slot's earlier losses.
inline constexpr std::chrono::seconds kHealthySpell{10};
// What SIGABRT gets for writing its core before SIGKILL follows.
inline constexpr std::chrono::seconds kAbortGrace{1};
// SIGKILL cannot be refused, only delayed by the kernel; this often it is sent and reported again.
inline constexpr std::chrono::seconds kKillAgain{10};
// Who is asked to leave before it was ready has no request: it gets no longer than this.
inline constexpr std::chrono::milliseconds kBootStopGrace{500};
// A process that somebody has sent SIGTERM gets its successor this much later: what ends a whole
// service sends it to every process, and then the master's own is on its way.
inline constexpr std::chrono::milliseconds kTerminateDelay{200};
// The observer holds no requests worth waiting for.
inline constexpr std::chrono::seconds kObserverStopGrace{2};
// Boot failures in a row after which a slot is given up ...
inline constexpr std::uint32_t kBootAttempts = 5;
// ... and tried again only this often, as long as another worker serves.
inline constexpr std::chrono::seconds kFailedRetry{60};
// Ticked this much later than asked for, the master itself was stopped or starved: nobody is
// judged.
inline constexpr std::chrono::seconds kTickGap{2};
// While a process is judged by its beats a tick is asked for at least this often. It bounds how
// long a stop of the whole process group can go unnoticed: longer than this plus kTickGap never
// does.
inline constexpr std::chrono::seconds kWatchEvery{1};

// The life of the system.
//
// The master wants a number of workers, one observer and a number of task processes. Each has a
// slot, whose index never changes, and a slot has two seats, so that a successor can boot beside
// the process it replaces. Started puts one process into one seat of every slot that is wanted. It
// is `starting` from before the fork until it says that it is ready or is lost; `ready` until it is
// asked to leave or is lost; `draining` from the moment it is asked to leave; `killing` from the
// first signal meant to end it. A seat whose process was reaped is `vacant`, unless the slot is to
// be filled again: then the seat waits in `backoff`, or in `failed` when waiting has not helped.
//
// clang-format off
//                        +---------- backoff, failed <-----------+
//                        v                                       | still wanted
//     vacant ------> starting -----> ready -----> draining       |
//        ^               |             |             |           |
//        |               +-------------+-------------+------> reaped
//        |                     with or without killing           |
//        +-------------------------------------------------------+ not wanted any more
// clang-format on
//
// The state (ipc/base/process_id.h) says what *is*. What is *wanted* is told apart: by the slot
// (Want) and, between the two seats of a slot, by Part. A process that is killed for its silence
// and one that is killed because the server stops are both `killing`; only Want and Part say that
// the first one gets a successor.

// What is wanted of a slot, whatever its seats are doing.
enum class Want : std::uint8_t {
  run,    // one process shall serve here, and be replaced when lost
  drain,  // not, or no longer, part of the server; the state of slots that never were used
  stop,   // the server ends: nothing is ever spawned again
};

// What is wanted of one seat beside its sibling. A slot has at most one current one,
// and the whole server at most Settings::at_once replacements.
enum class Part : std::uint8_t {
  none,         // the seat is vacant
  current,      // answers for the slot: when it is lost the slot is filled again
  replacement,  // boots beside the current one and takes over once ready; when lost, that one stays
  retiring,     // has been asked or forced to leave; when gone, nothing follows
};

enum class Role : std::uint8_t { worker, observer, task };

// The two signals the core asks for. The shell knows their numbers.
enum class Signal : std::uint8_t { abort, kill };

// How a process ended: by an exit code, or by a signal when `signal` is not 0.
struct Exit {
  int code = 0;
  int signal = 0;
  bool core = false;
  std::uint64_t cpu_us = 0;      // that it has used
  std::uint32_t requests = 0;    // that it had not finished
  std::uint64_t peak_bytes = 0;  // of memory that it had at most
  friend bool operator==(const Exit&, const Exit&) = default;
};

enum class FailureKind : std::uint8_t {
  fork_failed,     // there never was a process; error_number says why
  boot_exited,     // ended before it was ready, with whatever code
  boot_timed_out,  // was not ready within boot_timeout and was killed
  silent,          // was ready, did not beat within healthcheck_timeout and was killed
  crashed,         // was ready and ended without being asked to, with whatever code
  worse,           // serves, but answers worse than the generation before it
};

// Why a process was lost.
struct Failure {
  FailureKind kind = FailureKind::crashed;
  Place at;
  std::optional<Pid> pid;
  Exit exit;
  int error_number = 0;
  TimePoint when;
};

// What the operator may choose. Reload may change all but capacity, observer and tasks.
struct Settings {
  Duration boot_timeout = std::chrono::seconds{60};
  Duration healthcheck_timeout = std::chrono::seconds{10};  // zero: nobody is judged by beats
  Duration graceful_timeout = std::chrono::seconds{30};
  // Of one whose successor serves already: nobody waits for it but its own clients. None: no end.
  std::optional<Duration> replaced_timeout = std::chrono::seconds{30};
  // That a reload watches its first worker before it replaces the others; zero: it does not.
  Duration soak{};
  std::uint32_t at_once = 1;   // slots of a reload that are under way together, at least 1
  std::uint32_t workers = 1;   // at least 1, at most capacity
  std::uint32_t capacity = 1;  // worker slots there are; fixed for the life of the master
  bool observer = true;        // fixed for the life of the master
  std::uint32_t tasks = 0;     // task processes; fixed for the life of the master
};

// What is in force for the whole server. A reload changes it when its first process is ready.
struct Wanted {
  Settings settings;
  Generation generation = 1;
  std::uint32_t workers = 1;  // slots 0 .. workers-1
};

struct Seat {
  ProcessState state = ProcessState::vacant;
  Part part = Part::none;
  std::optional<Pid> pid;     // none before the fork is reported and from the moment it is reaped
  Epoch epoch = 0;            // of the present or, in backoff and failed, the last process; 0: none
  Generation generation = 0;  // likewise
  TimePoint since;            // when the present state began
  TimePoint started;          // when the process was spawned
  Duration patience{};        // so long it may be silent: it beats as its own settings say
  std::optional<TimePoint> ready_at;
  std::optional<TimePoint> last_beat;
  std::optional<TimePoint> deadline;          // when the state is due for what its comment says
  std::optional<DrainReason> leaves_because;  // since it was asked to
  std::optional<Signal> signal;               // the last one sent, in `killing`
  std::optional<TimePoint> successor_due;     // a successor is wanted, to be tried from then on
  std::uint32_t successor_failures = 0;       // replacements that were lost beside it
  RecycleReason wants_successor = RecycleReason::share_served;  // with successor_due
  bool is_restart = false;  // the process is there because an earlier one was lost
  bool is_cut = false;      // killed although Stop had promised to wait for its requests

  // There is, or is about to be, a process here: its record must not be given to another.
  bool occupied() const {
    return state == ProcessState::starting || state == ProcessState::ready ||
           state == ProcessState::draining || state == ProcessState::killing;
  }
};

struct Slot {
  Role role = Role::worker;
  Want want = Want::drain;
  std::array<Seat, kSeatsPerSlot> seats;
  std::uint32_t restarts = 0;           // processes started because an earlier one was lost
  std::uint32_t setbacks = 0;           // losses in a row: the exponent of the back-off
  std::uint32_t boot_failures = 0;      // boot failures in a row
  std::uint32_t quarantines = 0;        // processes in a row that were soon stuck
  std::optional<Failure> last_failure;  // the last loss of any kind, for statistics
  std::optional<Failure> boot_failure;  // the last one that was a boot failure
};

}  // namespace prefork::supervision
