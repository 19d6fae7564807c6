#include "workers/master/publisher.h"

#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <limits>

#include "ipc/base/monotonic.h"

namespace prefork::master {

namespace {

constexpr auto kRelaxed = std::memory_order_relaxed;

// A restart that no process could be made for does not count, but is not taken back from readers
// either: the next one has its number.
void raise(std::atomic<std::uint32_t>& count, std::uint32_t to) {
  count.store(std::max(count.load(kRelaxed), to), kRelaxed);
}

ipc::LastExit last_exit_of(const supervision::action::Release& release) {
  ipc::LastExit exit;
  exit.kind = release.exit.signal != 0 ? ipc::LastExit::Kind::signal : ipc::LastExit::Kind::code;
  exit.number = release.exit.signal != 0 ? release.exit.signal : release.exit.code;
  exit.core_dumped = release.exit.core;
  exit.asked_for = release.last.state == ipc::ProcessState::draining;
  const bool is_recycled = release.last.leaves_because == ipc::DrainReason::replaced ||
                           release.last.leaves_because == ipc::DrainReason::stuck;
  if (is_recycled && release.last.successor_due) {
    exit.recycled = release.last.wants_successor;
  }
  exit.pid = *release.last.pid;
  exit.at_realtime_ns = ipc::realtime_ns();
  return exit;
}

}  // namespace

Publisher::Publisher(ipc::Segment& segment, ipc::TaskBoard* tasks, bool goes_on)
    : segment_(segment), tasks_(tasks) {
  if (goes_on) {
    beat();
    return;
  }
  ipc::SegmentHeader& header = segment_.header();
  header.master_pid.store(::getpid());
  header.started_realtime_ns.store(ipc::realtime_ns());
  header.started_monotonic_ns.store(ipc::monotonic_ns());
  header.master_beat_ns.store(ipc::monotonic_ns());
}

// With what the workers of the past have lost.
void Publisher::lines_lost(std::uint64_t count) {
  if (count != 0) {
    segment_.retired().counters.add(ipc::Counter::log_lines_lost, count);
  }
}

bool Publisher::is_worker(ipc::Place at) const { return at.slot < segment_.slot_capacity(); }

ipc::TaskRecord* Publisher::task_at(ipc::Place at) const {
  const std::uint32_t first = segment_.slot_capacity() + 1;
  return tasks_ != nullptr && at.slot >= first ? &tasks_->record({at.slot - first, at.seat})
                                               : nullptr;
}

void Publisher::beat() { segment_.header().master_beat_ns.store(ipc::monotonic_ns(), kRelaxed); }

void Publisher::beat(const AcceptQueue& queue) {
  beat();
  segment_.header().notes.accept_queue_length.store(queue.length, kRelaxed);
  segment_.header().notes.accept_queue_limit.store(queue.limit, kRelaxed);
}

void Publisher::spawning(const supervision::action::Spawn& spawn, std::uint64_t forked_ns) {
  if (ipc::TaskRecord* const task = task_at(spawn.at)) {
    task->generation.store(spawn.generation, kRelaxed);
    task->forked_realtime_ns.store(ipc::realtime_ns(), kRelaxed);
    return;
  }
  if (!is_worker(spawn.at)) {
    segment_.header().observer_restarts.store(spawn.restarts, kRelaxed);
    return;
  }
  ipc::WorkerRecord& record = segment_.record(spawn.at);
  record.epoch.store(spawn.epoch, kRelaxed);
  record.generation.store(spawn.generation, kRelaxed);
  record.times.forked_monotonic_ns.store(forked_ns, kRelaxed);
  record.times.forked_realtime_ns.store(ipc::realtime_ns(), kRelaxed);
  record.pulse.beat_ns.store(forked_ns, kRelaxed);
  raise(segment_.notes(spawn.at.slot).restarts, spawn.restarts);
}

void Publisher::forked(ipc::Place at, std::int32_t pid) {
  if (ipc::TaskRecord* const task = task_at(at)) {
    task->pid.store(pid, kRelaxed);
  } else if (!is_worker(at)) {
    segment_.header().observer_pid.store(pid, kRelaxed);
  } else {
    segment_.record(at).pid.store(pid, kRelaxed);
  }
}

void Publisher::ended(ipc::Place at, std::uint64_t cpu_us) {
  if (is_worker(at)) {
    segment_.record(at).times.final_cpu_us.store(cpu_us, std::memory_order_release);
  }
}

void Publisher::ready(ipc::Place at) {
  if (is_worker(at)) {
    segment_.record(at).times.ready_monotonic_ns.store(ipc::monotonic_ns(), kRelaxed);
  }
}

void Publisher::released(const supervision::action::Release& release) {
  if (task_at(release.at) != nullptr) {
    return release_task(release);
  }
  if (!is_worker(release.at)) {
    // Unless its successor is there already.
    std::atomic<std::int32_t>& pid = segment_.header().observer_pid;
    if (release.last.pid && pid.load(kRelaxed) == *release.last.pid) {
      pid.store(0, kRelaxed);
    }
    return;
  }
  if (release.last.pid) {
    const ipc::LastExit exit = last_exit_of(release);
    segment_.notes(release.at.slot).last_exit.set(exit);
    segment_.header().notes.exits.count(exit);
    if (exit.recycled) {
      segment_.header()
          .notes.recycles.at(static_cast<std::size_t>(*exit.recycled) - 1)
          .fetch_add(1);
    }
  }
  segment_.fold(release.at, release.exit.cpu_us);
}

// Its submitters wait for what is noted here.
void Publisher::release_task(const supervision::action::Release& release) {
  ipc::TaskRecord& task = *task_at(release.at);
  if (release.last.pid) {
    task.last_exit.set(last_exit_of(release));
  }
  task.pid.store(0, kRelaxed);
  tasks_->wake_submitters();
}

void Publisher::task_states(const supervision::Supervisor& supervisor) {
  const std::uint32_t first = supervisor.observer_slot() + 1;
  for (std::uint32_t slot = first; slot < supervisor.slots().size(); ++slot) {
    for (std::uint32_t seat = 0; seat < ipc::kSeatsPerSlot; ++seat) {
      task_at({slot, seat})->state.store(supervisor.seat({slot, seat}).state, kRelaxed);
    }
    tasks_->notes(slot - first).restarts.store(supervisor.slots()[slot].restarts, kRelaxed);
  }
}

void Publisher::noticed(const supervision::action::Notice& notice, std::string_view text) {
  if (notice.kind == supervision::NoticeKind::reload_finished) {
    segment_.header().notes.reloads.done.fetch_add(1, kRelaxed);
  }
  reload_history_.note(notice, text);
}

void Publisher::stopping() {
  is_stopping_ = true;
  segment_.header().state.store(ipc::ServerState::stopping, std::memory_order_release);
}

void Publisher::states(const supervision::Supervisor& supervisor, bool is_ready) {
  ipc::SegmentHeader& header = segment_.header();
  const auto& slots = supervisor.slots();
  std::uint32_t in_use = 0;
  for (std::uint32_t slot = 0; slot < supervisor.observer_slot(); ++slot) {
    bool used = slots[slot].want == supervision::Want::run;
    for (std::uint32_t seat = 0; seat < ipc::kSeatsPerSlot; ++seat) {
      const ipc::ProcessState state = slots[slot].seats[seat].state;
      segment_.record({slot, seat}).state.store(state, std::memory_order_release);
      used = used || state != ipc::ProcessState::vacant;
    }
    if (used) {
      in_use = slot + 1;
      raise(segment_.notes(slot).restarts, slots[slot].restarts);
    }
  }
  if (tasks_ != nullptr) {
    task_states(supervisor);
  }
  header.slots_in_use.store(in_use, kRelaxed);
  header.observer_restarts.store(slots[supervisor.observer_slot()].restarts, kRelaxed);
  header.generation.store(supervisor.generation(), kRelaxed);
  if (is_stopping_ || supervisor.stopping()) {
    stopping();
  } else if (!is_ready) {
    header.state.store(ipc::ServerState::starting, std::memory_order_release);
  } else if (supervisor.reloading()) {
    header.state.store(ipc::ServerState::reloading, std::memory_order_release);
  } else if (supervisor.rolling_back()) {
    header.state.store(ipc::ServerState::rolling_back, std::memory_order_release);
  } else if (supervisor.ready_workers() != 0) {
    header.state.store(ipc::ServerState::running, std::memory_order_release);
  }
}

std::uint64_t Publisher::age_ns() const {
  return ipc::monotonic_ns() - segment_.header().started_monotonic_ns.load();
}

// The number comes from a worker: it may say anything, but not that it lives in the future.
supervision::TimePoint Publisher::beat_of(ipc::Place at, supervision::Duration to_end) const {
  const ipc::WorkerRecord& record = segment_.record(at);
  const ipc::WorkerHook hook = record.trace.hook.load(kRelaxed);
  // One that has done all it had to may be waiting for its threads or for the application's end:
  // its event loop is over.
  const bool may_be_over = record.state.load(kRelaxed) == ipc::ProcessState::draining &&
                           record.gauges.get(ipc::Gauge::connections_active) == 0 &&
                           hook != ipc::WorkerHook::drain;
  const bool is_at_end = hook == ipc::WorkerHook::stop || hook == ipc::WorkerHook::exit;
  std::uint64_t beat_ns = record.pulse.beat_ns.load(kRelaxed);
  if (may_be_over) {
    beat_ns = is_at_end
                  ? beat_ns + static_cast<std::uint64_t>(std::chrono::nanoseconds(to_end).count())
                  : ipc::kNever;
  }
  return supervision::TimePoint{
      std::chrono::nanoseconds(static_cast<std::int64_t>(std::min(beat_ns, ipc::monotonic_ns())))};
}

// Those it has in hand are not served yet.
std::uint64_t Publisher::requests_served(ipc::Place at) const {
  if (!is_worker(at)) {
    return 0;
  }
  const ipc::WorkerRecord& record = segment_.record(at);
  const std::uint64_t begun = record.counters.get(ipc::Counter::requests);
  const std::uint64_t in_hand =
      record.gauges.get(ipc::Gauge::requests_in_progress) + (record.loop_request.get() ? 1 : 0);
  return begun > in_hand ? begun - in_hand : 0;
}

std::string Publisher::part_at_work(ipc::Place at) const {
  if (!is_worker(at)) {
    return "";
  }
  switch (segment_.record(at).trace.hook.load(kRelaxed)) {
    case ipc::WorkerHook::none:
      break;
    case ipc::WorkerHook::start:
      return "hook on_worker_start";
    case ipc::WorkerHook::lead:
      return "hook on_lead";
    case ipc::WorkerHook::drain:
      return "hook on_drain";
    case ipc::WorkerHook::stop:
      return "hook on_worker_stop";
    case ipc::WorkerHook::exit:
      return "destructors and exit handlers";
  }
  return "";
}

std::uint32_t Publisher::unfinished_requests(ipc::Place at) const {
  if (!is_worker(at)) {
    return 0;
  }
  // A connection that is not idle is within a request, or was never used.
  const ipc::Gauges& gauges = segment_.record(at).gauges;
  const std::uint64_t active = gauges.get(ipc::Gauge::connections_active);
  const std::uint64_t idle = gauges.get(ipc::Gauge::connections_idle);
  const std::uint64_t waiting = gauges.get(ipc::Gauge::requests_in_progress);
  const std::uint64_t within = active > idle ? active - idle : 0;
  return static_cast<std::uint32_t>(
      std::min<std::uint64_t>(std::max(within, waiting) + requests_in_flight(at).named.size(),
                              std::numeric_limits<std::uint32_t>::max()));
}

ipc::RequestsInFlight Publisher::requests_in_flight(ipc::Place at) const {
  return is_worker(at) ? ipc::read_requests_in_flight(segment_.record(at))
                       : ipc::RequestsInFlight{};
}

}  // namespace prefork::master
