// What the statistics segment and /proc say at one moment, as plain values: what /stats shows is
// made from these. Reading never changes anything, so any number of readers see the same numbers.
// Nothing in the segment is believed to be more than numbers and texts of a fixed size. Any process
// that has the segment mapped; any thread.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "ipc/base/process_id.h"
#include "ipc/counters.h"
#include "ipc/histogram.h"
#include "ipc/requests_in_flight.h"
#include "ipc/segment.h"
#include "workers/observer/proc_usage.h"
#include "workers/observer/route_snapshot.h"
#include "workers/observer/shared_snapshot.h"
#include "workers/observer/task_snapshot.h"

namespace prefork::observer {

// By enumerator.
using CounterValues = std::array<std::uint64_t, ipc::kCounterCount>;
using GaugeValues = std::array<std::uint64_t, ipc::kGaugeCount>;

// A class of the thread pool.
struct PoolNumbers {
  std::string name;
  std::array<std::uint64_t, ipc::PoolRecord::kNumbers> numbers{};  // by enumerator
};

// What a worker counted, or several together.
struct Numbers {
  CounterValues counters{};
  GaugeValues gauges{};
  ipc::FineHistogramSnapshot latency;
  ipc::HistogramSnapshot queue_wait;
  ipc::HistogramSnapshot run_time;
  std::vector<PoolNumbers> pools;  // of workers that are there, in the order of the first
  // What it counts itself, by kind and name.
  std::map<std::pair<ipc::NumberKind, std::string>, std::int64_t> application;

  void add(const ipc::WorkerRecord& record);
  void add(const Numbers& other);

  void add(const ipc::PoolRecord& pool);
  void add(const PoolNumbers& pool);

  [[nodiscard]] std::uint64_t of(ipc::Counter counter) const {
    return counters[static_cast<std::size_t>(counter)];
  }
  [[nodiscard]] std::uint64_t of(ipc::Gauge gauge) const {
    return gauges[static_cast<std::size_t>(gauge)];
  }
};

// What applications count themselves, by the shape they gave it: one that a reload has changed is
// another.
struct ApplicationHistogram {
  ipc::HistogramShape shape;
  ipc::HistogramValues values;
  std::uint32_t generation = 0;  // the newest that has it; 0: only workers that have ended
};

struct WorkerSnapshot {
  std::uint32_t slot = 0;
  ipc::ProcessState state = ipc::ProcessState::vacant;  // then nothing else is known
  std::int32_t pid = 0;                                 // 0: none
  std::uint32_t generation = 0;
  std::uint64_t forked_realtime_ns = 0;
  std::uint64_t forked_ns = 0;  // CLOCK_MONOTONIC, as the following
  std::uint64_t ready_ns = 0;   // 0: not yet
  std::uint64_t beat_ns = 0;    // 0: never
  std::uint32_t restarts = 0;
  ipc::LastExit last_exit;
  bool is_accepting = false;
  std::optional<ProcUsage> usage;  // nothing when the process is gone
  Numbers numbers;
  ipc::RequestsInFlight in_flight;
};

struct ServerSnapshot {
  ipc::ServerState state = ipc::ServerState::starting;
  std::int32_t master_pid = 0;
  std::int32_t observer_pid = 0;
  std::uint32_t observer_restarts = 0;
  std::uint64_t started_realtime_ns = 0;
  std::uint64_t started_ns = 0;
  std::uint32_t generation = 0;
  std::uint64_t reloads = 0;
  std::array<std::uint64_t, ipc::kRecycleReasons> recycles{};  // of workers, by reason
  std::vector<ipc::RouteBans::Ban> banned_routes{};
  std::uint64_t accept_queue_length = 0;
  std::uint64_t accept_queue_limit = 0;
  // Of workers: how they ended.
  std::map<int, std::uint64_t> ended_by_signal{};
  std::uint64_t ended_as_asked = 0;
  std::uint64_t ended_with_failure = 0;
};

// What became of the spans that were taken from workers.
struct SpanNumbers {
  std::uint64_t sent = 0;
  std::uint64_t discarded = 0;
};

struct StatsSnapshot {
  std::uint64_t now_ns = 0;  // CLOCK_MONOTONIC
  // False: what an ended worker counted may be in it twice, for the master stands still.
  bool is_consistent = true;
  ServerSnapshot server;
  std::string head_parser;  // of its workers: "avx2", "llhttp" and so on
  std::vector<WorkerSnapshot>
      workers;               // each slot in use once, twice while its process is replaced
  Numbers totals;            // of all workers, those that have ended included
  std::uint64_t cpu_us = 0;  // the same
  CounterValues retired{};   // of those that have ended
  RouteSnapshot requests;    // of all workers, those that have ended included
  std::vector<ApplicationHistogram> application_histograms;  // likewise
  std::vector<SharedSnapshot> shared;
  TaskSnapshot tasks;
  std::vector<std::string> last_words;      // of processes that have ended: JSON, the newest first
  std::vector<std::string> reload_history;  // reloads and upgrades: JSON, the newest first
  std::optional<SpanNumbers> spans;         // nothing: nobody sends them
  std::string slow;  // where slow requests were found: JSON; empty: none were

  // Workers of more than one generation serve: a reload is under way, or stuck.
  [[nodiscard]] bool is_mixed() const;
};

// "running", "reloading" and so on.
std::string_view to_string(ipc::ServerState state);

StatsSnapshot take_snapshot(const ipc::Segment& segment);

// At least one worker is ready and the server is not stopping.
bool is_serving(const ipc::Segment& segment);

// The master has shown life lately. It beats at least once a second.
bool is_master_alive(const ipc::Segment& segment);

}  // namespace prefork::observer
