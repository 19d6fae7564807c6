// The statistics segment: one shared mapping, made by the master before the first fork, with a
// header, the master's notes on each slot, and a record for each worker process. Nothing in it but
// lock-free atomics; no pointer, index or length that anybody follows. The master treats every
// word a worker wrote as hostile: it adds numbers up and compares times, nothing else.
//
// A slot is a stable worker index. It has two seats, each with a record of its own, because during
// a reload the old and the new process of a slot live side by side. When a process ends, the
// master folds its record into `retired` and clears it, so that totals never go back.
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <thread>

#include "ipc/app_numbers.h"
#include "ipc/base/owned_fd.h"
#include "ipc/base/process_id.h"
#include "ipc/base/seqlock.h"
#include "ipc/counters.h"
#include "ipc/histogram.h"
#include "ipc/in_flight.h"
#include "ipc/in_flight_table.h"
#include "ipc/pool_record.h"
#include "ipc/process_trace.h"
#include "ipc/route_bans.h"
#include "ipc/route_names.h"
#include "ipc/route_record.h"
#include "ipc/text_ring.h"

namespace prefork::ipc {

inline constexpr std::uint32_t kSegmentVersion = 8;
inline constexpr std::uint32_t kMaxSlots = 320;  // 256 workers at start and room for TTIN

enum class ServerState : std::uint32_t {
  starting = 0,
  running = 1,
  reloading = 2,
  stopping = 3,
  rolling_back = 4,  // a reload was given up midway
};

// How a process ended. Written by the master, read by the observer.
struct LastExit {
  enum class Kind : std::uint8_t { none = 0, code = 1, signal = 2 };

  Kind kind = Kind::none;
  bool core_dumped = false;
  bool asked_for = false;   // it ended because the master wanted it to
  std::int32_t number = 0;  // exit code or signal number
  std::int32_t pid = 0;
  std::uint64_t at_realtime_ns = 0;
  // Why its successor was wanted; none: it was not.
  std::optional<RecycleReason> recycled{};
};

class LastExitBox {
 public:
  void set(const LastExit& exit);
  [[nodiscard]] LastExit get() const;

 private:
  SeqlockBox<3> box_;
};

// How processes ended, counted. Written by the master, read by the observer.
struct ExitCounts {
  static constexpr std::size_t kSignals = 65;  // by number; those of Linux end at 64

  std::array<std::atomic<std::uint64_t>, kSignals> by_signal{};
  std::atomic<std::uint64_t> as_asked{0};      // code 0
  std::atomic<std::uint64_t> with_failure{0};  // any other code

  void count(const LastExit& exit);
};

// What became of reloads and upgrades, as JSON.
using ReloadRing = TextRing<16, std::size_t{1} << 10>;
// Written by the master.
struct ReloadNotes {
  std::atomic<std::uint64_t> done{0};
  // CLOCK_MONOTONIC; 0: no upgrade is under way.
  std::atomic<std::uint64_t> upgrade_asked_ns{0};
  ReloadRing history;
};

// What the master has counted since the start, and seen. Written by the master, read by the
// observer.
struct MasterNotes {
  ReloadNotes reloads;
  // Of workers, by reason.
  std::array<std::atomic<std::uint64_t>, kRecycleReasons> recycles{};
  ExitCounts exits;  // of workers
  // Connections that wait to be accepted, and how many may; of TCP.
  std::atomic<std::uint64_t> accept_queue_length{0};
  std::atomic<std::uint64_t> accept_queue_limit{0};
};

// The last words of processes, as JSON. Written by the master.
using LastWordsRing = TextRing<16, std::size_t{16} << 10>;
// Where slow requests were found, as JSON; the newest counts.
using SlowFrames = TextRing<2, std::size_t{16} << 10>;

// What requests are counted by. Written by workers, once for each name and kind.
struct RequestLabels {
  RouteNames routes;
  RequestKinds kinds;
};

struct alignas(64) SegmentHeader {
  static constexpr std::uint64_t kMagic = 0x4B524F4645525021;  // "!PREFORK"

  std::atomic<std::uint64_t> magic{kMagic};
  std::atomic<std::uint32_t> version{kSegmentVersion};
  std::atomic<std::uint32_t> slot_capacity{0};
  std::atomic<std::uint32_t> slots_in_use{0};  // one past the highest slot that is wanted or alive
  std::atomic<std::uint32_t> generation{1};    // the configuration that serves
  std::atomic<ServerState> state{ServerState::starting};
  std::atomic<std::int32_t> master_pid{0};
  std::atomic<std::int32_t> observer_pid{0};
  std::atomic<std::uint32_t> observer_restarts{0};
  std::atomic<std::uint64_t> started_realtime_ns{0};
  std::atomic<std::uint64_t> started_monotonic_ns{0};
  std::atomic<std::uint64_t> master_beat_ns{0};
  std::atomic<std::uint64_t> retired_cpu_us{0};  // of workers that have ended
  std::atomic<std::uint64_t> fold_sequence{0};   // odd while a record moves into `retired`
  MasterNotes notes;
  std::atomic<bool> access_log_torn{false};  // of workers; see LineSink
  alignas(64) RouteBans route_bans;
  alignas(64) RequestLabels labels;
  alignas(64) LastWordsRing last_words;
  SlowFrames slow_frames;
};

// What concerns a slot and outlives the processes in it.
struct alignas(64) SlotNotes {
  // Written by the master.
  std::atomic<std::uint32_t> restarts{0};
  LastExitBox last_exit;
  // Written by workers: since when something waits in the slot's inbox; 0: nothing does. See
  // ipc/balance.h.
  alignas(64) std::atomic<std::uint64_t> handed_ns{0};
};

// When a process began, and when it was ready; 0: it is not yet. What it has used, once it has
// ended.
struct ProcessTimes {
  std::atomic<std::uint64_t> forked_realtime_ns{0};
  std::atomic<std::uint64_t> forked_monotonic_ns{0};
  std::atomic<std::uint64_t> ready_monotonic_ns{0};
  std::atomic<std::uint64_t> final_cpu_us{0};
};

// When an event loop has shown life last, and when it will be heard of at the latest while it waits
// (0: it does not).
struct Pulse {
  std::atomic<std::uint64_t> beat_ns{0};
  std::atomic<std::uint64_t> asleep_until_ns{0};
};

struct alignas(64) WorkerRecord {
  // Written by the master.
  std::atomic<std::int32_t> pid{0};
  std::atomic<std::uint32_t> epoch{0};  // unique for each process ever forked; 0: none
  std::atomic<std::uint32_t> generation{0};
  std::atomic<ProcessState> state{ProcessState::vacant};
  ProcessTimes times;

  // Written by the worker's event loop: its liveness, and whether siblings may hand it work.
  alignas(64) Pulse pulse;
  std::atomic<std::uint32_t> accepting{0};

  // Connections it has or was promised, with its epoch above them; see ipc/balance.h.
  alignas(64) std::atomic<std::uint64_t> load{0};

  alignas(64) Counters counters;
  alignas(64) Gauges gauges;
  alignas(64) AppNumbers app_numbers;
  alignas(64) FineHistogram latency;  // head understood to answer written, of a stream: begun
  alignas(64) Histogram queue_wait;   // waiting for a pool thread
  alignas(64) Histogram run_time;     // on a pool thread, but for streams
  alignas(64) RouteRecord routes;
  alignas(64) std::array<PoolRecord, kMaxPools> pools;  // the classes of its thread pool
  // What the event loop and each thread of the pool run, and all that is unfinished besides; see
  // ipc/requests_in_flight.h.
  alignas(64) InFlightBox loop_request;
  std::array<InFlightBox, kMaxPoolThreads> pool_requests;
  alignas(64) InFlightTable unfinished_requests;
  ProcessTrace trace;
};

static_assert(std::atomic<std::uint64_t>::is_always_lock_free);
static_assert(std::atomic<ProcessState>::is_always_lock_free);

class Segment {
 public:
  // In the master, before the first fork. Throws std::system_error.
  explicit Segment(std::uint32_t slot_capacity);
  // In a process that has the memory but not the mapping. Throws std::runtime_error when it is not
  // that of such a segment.
  Segment(OwnedFd memory, std::uint32_t slot_capacity);
  ~Segment();
  Segment(const Segment&) = delete;
  Segment& operator=(const Segment&) = delete;

  // In the observer: replaces the writable mapping by one that can only be read, for good.
  // Throws std::system_error.
  void make_read_only();

  // In a process that needs the mapping alone, and whose descriptor it is.
  void close_memory() { memory_.reset(); }

  // The memory behind the mapping; -1 once that is all there is.
  [[nodiscard]] int fd() const { return memory_.get(); }
  [[nodiscard]] std::uint32_t slot_capacity() const { return slot_capacity_; }
  [[nodiscard]] SegmentHeader& header() const { return *header_; }
  [[nodiscard]] SlotNotes& notes(std::uint32_t slot) const;
  [[nodiscard]] WorkerRecord& record(Place id) const;
  [[nodiscard]] WorkerRecord& retired() const { return records_[0]; }
  // One past the highest slot that may hold a process, clamped to the capacity.
  [[nodiscard]] std::uint32_t slots_in_use() const;

  // Master only: adds the record of an ended process to `retired` and clears it, as one step for
  // readers that use `read_consistently`.
  void fold(Place id, std::uint64_t cpu_us);

  // Runs `read` so that no fold falls into it, and says whether that worked: the master may be held
  // up (or stopped) within a fold, then after a bounded number of tries `read` gets what there is,
  // in which a record may count twice. `read` must start from nothing each time it is called.
  template <typename Read>
  bool read_consistently(Read read) const {
    for (int attempt = 0; attempt < kMaxReadAttempts; ++attempt) {
      const std::uint64_t before = header_->fold_sequence.load(std::memory_order_acquire);
      if ((before & 1U) == 0) {
        read();
        if (header_->fold_sequence.load(std::memory_order_acquire) == before) {
          return true;
        }
      }
      std::this_thread::yield();
    }
    read();
    return false;
  }

 private:
  static constexpr int kMaxReadAttempts = 1000;

  void map();
  void locate(void* base);

  OwnedFd memory_;
  std::size_t size_ = 0;
  std::uint32_t slot_capacity_ = 0;
  void* base_ = nullptr;
  SegmentHeader* header_ = nullptr;
  SlotNotes* notes_ = nullptr;
  WorkerRecord* records_ = nullptr;
};

}  // namespace prefork::ipc
