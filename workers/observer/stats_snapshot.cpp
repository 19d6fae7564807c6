#include "workers/observer/stats_snapshot.h"

#include <algorithm>
#include <set>
#include <string_view>

#include "ipc/base/monotonic.h"

namespace prefork::observer {

namespace {

constexpr std::uint64_t kMasterSilentNs = 5'000'000'000;

ServerSnapshot server_of(const ipc::SegmentHeader& header) {
  ServerSnapshot server;
  server.state = header.state.load(std::memory_order_acquire);
  server.master_pid = header.master_pid.load(std::memory_order_relaxed);
  server.observer_pid = header.observer_pid.load(std::memory_order_relaxed);
  server.observer_restarts = header.observer_restarts.load(std::memory_order_relaxed);
  server.started_realtime_ns = header.started_realtime_ns.load(std::memory_order_relaxed);
  server.started_ns = header.started_monotonic_ns.load(std::memory_order_relaxed);
  server.generation = header.generation.load(std::memory_order_relaxed);
  server.reloads = header.notes.reloads.done.load(std::memory_order_relaxed);
  for (std::size_t i = 0; i < server.recycles.size(); ++i) {
    server.recycles[i] = header.notes.recycles[i].load(std::memory_order_relaxed);
  }
  server.banned_routes = header.route_bans.list();
  server.accept_queue_length = header.notes.accept_queue_length.load(std::memory_order_relaxed);
  server.accept_queue_limit = header.notes.accept_queue_limit.load(std::memory_order_relaxed);
  for (std::size_t i = 0; i < header.notes.exits.by_signal.size(); ++i) {
    if (const std::uint64_t count = header.notes.exits.by_signal[i].load(std::memory_order_relaxed);
        count != 0) {
      server.ended_by_signal[static_cast<int>(i)] = count;
    }
  }
  server.ended_as_asked = header.notes.exits.as_asked.load(std::memory_order_relaxed);
  server.ended_with_failure = header.notes.exits.with_failure.load(std::memory_order_relaxed);
  return server;
}

WorkerSnapshot worker_of(const ipc::Segment& segment, ipc::Place place, ipc::ProcessState state) {
  const ipc::WorkerRecord& record = segment.record(place);
  const ipc::SlotNotes& notes = segment.notes(place.slot);
  WorkerSnapshot worker;
  worker.slot = place.slot;
  worker.state = state;
  worker.pid = std::max(record.pid.load(std::memory_order_relaxed), 0);
  worker.generation = record.generation.load(std::memory_order_relaxed);
  worker.forked_realtime_ns = record.times.forked_realtime_ns.load(std::memory_order_relaxed);
  worker.forked_ns = record.times.forked_monotonic_ns.load(std::memory_order_relaxed);
  worker.ready_ns = record.times.ready_monotonic_ns.load(std::memory_order_relaxed);
  worker.beat_ns = record.pulse.beat_ns.load(std::memory_order_relaxed);
  worker.restarts = notes.restarts.load(std::memory_order_relaxed);
  worker.last_exit = notes.last_exit.get();
  worker.is_accepting = record.accepting.load(std::memory_order_relaxed) != 0;
  if (worker.pid > 0) {
    worker.usage = read_proc_usage(worker.pid);
  }
  // Read after /proc: the master writes it before the kernel forgets the process.
  if (const std::uint64_t used_us = record.times.final_cpu_us.load(std::memory_order_acquire);
      used_us != 0) {
    worker.usage = ProcUsage{used_us, 0};
  }
  worker.numbers.add(record);
  worker.in_flight = ipc::read_requests_in_flight(record);
  return worker;
}

// Of ended workers the generation is 0.
void add_histograms(std::vector<ApplicationHistogram>& sums, const ipc::WorkerRecord& record) {
  const std::uint32_t generation = record.generation.load(std::memory_order_relaxed);
  record.app_numbers.histograms().for_each(
      [&](const ipc::HistogramShape& shape, const ipc::HistogramValues& values) {
        auto known = std::find_if(sums.begin(), sums.end(),
                                  [&shape](const auto& one) { return one.shape == shape; });
        if (known == sums.end()) {
          known = sums.insert(sums.end(), {shape, {}, 0});
        }
        known->values.add(values);
        known->generation = std::max(known->generation, generation);
      });
}

void add_workers(StatsSnapshot& snapshot, RouteTally& requests, const ipc::Segment& segment) {
  for (std::uint32_t slot = 0; slot < segment.slots_in_use(); ++slot) {
    bool is_shown = false;
    for (std::uint32_t seat = 0; seat < ipc::kSeatsPerSlot; ++seat) {
      const ipc::WorkerRecord& record = segment.record({slot, seat});
      const ipc::ProcessState state = record.state.load(std::memory_order_acquire);
      if (state != ipc::ProcessState::vacant) {
        snapshot.workers.push_back(worker_of(segment, {slot, seat}, state));
        // What is shown of it, not what it counts meanwhile.
        const WorkerSnapshot& worker = snapshot.workers.back();
        snapshot.totals.add(worker.numbers);
        requests.add(record.routes);
        add_histograms(snapshot.application_histograms, record);
        snapshot.cpu_us += worker.usage ? worker.usage->cpu_us : 0;
        is_shown = true;
      }
    }
    if (!is_shown) {
      snapshot.workers.emplace_back();
      WorkerSnapshot& vacant = snapshot.workers.back();
      vacant.slot = slot;
      vacant.restarts = segment.notes(slot).restarts.load(std::memory_order_relaxed);
    }
  }
}

}  // namespace

void Numbers::add(const ipc::PoolRecord& pool) {
  PoolNumbers one{pool.name(), {}};
  if (one.name.empty()) {
    return;
  }
  for (std::size_t i = 0; i < one.numbers.size(); ++i) {
    one.numbers[i] = pool.get(static_cast<ipc::PoolRecord::Number>(i));
  }
  add(one);
}

void Numbers::add(const PoolNumbers& pool) {
  auto known = std::find_if(pools.begin(), pools.end(),
                            [&pool](const PoolNumbers& one) { return one.name == pool.name; });
  if (known == pools.end()) {
    known = pools.insert(pools.end(), {pool.name, {}});
  }
  for (std::size_t i = 0; i < known->numbers.size(); ++i) {
    known->numbers[i] += pool.numbers[i];
  }
}

void Numbers::add(const ipc::WorkerRecord& record) {
  for (std::size_t i = 0; i < ipc::kCounterCount; ++i) {
    counters[i] += record.counters.get(static_cast<ipc::Counter>(i));
  }
  for (std::size_t i = 0; i < ipc::kGaugeCount; ++i) {
    gauges[i] += record.gauges.get(static_cast<ipc::Gauge>(i));
  }
  latency.add(record.latency);
  queue_wait.add(record.queue_wait);
  run_time.add(record.run_time);
  for (const ipc::PoolRecord& pool : record.pools) {
    add(pool);
  }
  record.app_numbers.for_each([this](const ipc::NumberName& name, std::int64_t value) {
    application[{name.kind, name.text}] += value;
  });
}

void Numbers::add(const Numbers& other) {
  for (std::size_t i = 0; i < ipc::kCounterCount; ++i) {
    counters[i] += other.counters[i];
  }
  for (std::size_t i = 0; i < ipc::kGaugeCount; ++i) {
    gauges[i] += other.gauges[i];
  }
  latency.add(other.latency);
  queue_wait.add(other.queue_wait);
  run_time.add(other.run_time);
  for (const PoolNumbers& pool : other.pools) {
    add(pool);
  }
  for (const auto& [name, value] : other.application) {
    application[name] += value;
  }
}

std::string_view to_string(ipc::ServerState state) {
  switch (state) {
    case ipc::ServerState::starting:
      return "starting";
    case ipc::ServerState::running:
      return "running";
    case ipc::ServerState::reloading:
      return "reloading";
    case ipc::ServerState::stopping:
      return "stopping";
    case ipc::ServerState::rolling_back:
      return "rolling_back";
  }
  return "unknown";
}

StatsSnapshot take_snapshot(const ipc::Segment& segment) {
  StatsSnapshot snapshot;
  const ipc::RequestLabels& labels = segment.header().labels;
  RouteTally requests(labels);
  // Numbers of one moment: never between a worker's end and its being counted among the retired.
  const bool is_consistent = segment.read_consistently([&] {
    snapshot = StatsSnapshot{};
    requests = RouteTally(labels);
    requests.add(segment.retired().routes);
    add_histograms(snapshot.application_histograms, segment.retired());
    snapshot.now_ns = ipc::monotonic_ns();
    snapshot.totals.add(segment.retired());
    snapshot.retired = snapshot.totals.counters;
    snapshot.cpu_us = segment.header().retired_cpu_us.load(std::memory_order_acquire);
    add_workers(snapshot, requests, segment);
  });
  snapshot.is_consistent = is_consistent;
  snapshot.requests = requests.named();
  snapshot.server = server_of(segment.header());
  snapshot.last_words = segment.header().last_words.get();
  snapshot.reload_history = segment.header().notes.reloads.history.get();
  const std::vector<std::string> slow = segment.header().slow_frames.get();
  snapshot.slow = slow.empty() ? "" : slow.front();
  return snapshot;
}

bool StatsSnapshot::is_mixed() const {
  std::set<std::uint32_t> generations;
  for (const WorkerSnapshot& worker : workers) {
    if (worker.state == ipc::ProcessState::ready) {
      generations.insert(worker.generation);
    }
  }
  return generations.size() > 1;
}

bool is_serving(const ipc::Segment& segment) {
  const ipc::ServerState server = segment.header().state.load(std::memory_order_acquire);
  if (server == ipc::ServerState::starting || server == ipc::ServerState::stopping) {
    return false;
  }
  for (std::uint32_t slot = 0; slot < segment.slots_in_use(); ++slot) {
    for (std::uint32_t seat = 0; seat < ipc::kSeatsPerSlot; ++seat) {
      const ipc::WorkerRecord& record = segment.record({slot, seat});
      if (record.state.load(std::memory_order_acquire) == ipc::ProcessState::ready &&
          record.accepting.load(std::memory_order_acquire) != 0) {
        return true;
      }
    }
  }
  return false;
}

bool is_master_alive(const ipc::Segment& segment) {
  const std::uint64_t now_ns = ipc::monotonic_ns();
  const std::uint64_t beat_ns = segment.header().master_beat_ns.load(std::memory_order_relaxed);
  return beat_ns >= now_ns || now_ns - beat_ns <= kMasterSilentNs;
}

}  // namespace prefork::observer
