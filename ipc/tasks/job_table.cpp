#include "ipc/tasks/job_table.h"

#include <algorithm>
#include <cstring>
#include <functional>
#include <limits>
#include <thread>

namespace prefork::ipc {

namespace {

using Phase = JobWork::Phase;

constexpr unsigned kPriorityShift = 62;

std::string name_of(const JobCell& cell) {
  std::array<std::uint64_t, kTaskNameWords> words{};
  for (std::size_t i = 0; i < kTaskNameWords; ++i) {
    words[i] = cell.name[i].load(std::memory_order_relaxed);
  }
  const auto* text = reinterpret_cast<const char*>(words.data());
  return std::string(text, ::strnlen(text, kMaxTaskNameBytes));
}

void set_name(JobCell& cell, std::string_view name) {
  std::array<char, kTaskNameWords * sizeof(std::uint64_t)> bytes{};
  name.copy(bytes.data(), kMaxTaskNameBytes);
  for (std::size_t i = 0; i < kTaskNameWords; ++i) {
    std::uint64_t word = 0;
    std::memcpy(&word, bytes.data() + i * sizeof word, sizeof word);
    cell.name[i].store(word, std::memory_order_relaxed);
  }
}

// Of many owners one after the other is asked about once.
class LifeLook {
 public:
  bool is_alive(ProcessKey process) {
    if (process != last_) {
      last_ = process;
      is_last_alive_ = process == ProcessKey::own() || process.is_alive();
    }
    return is_last_alive_;
  }

 private:
  ProcessKey last_;
  bool is_last_alive_ = false;
};

}  // namespace

bool JobTable::change(std::uint32_t job, JobWork from, JobWork to) {
  std::uint64_t seen = from.bits();
  return board_.works()[job].compare_exchange_strong(seen, to.bits());
}

JobWork JobTable::look(std::uint32_t job) const { return JobWork(board_.works()[job].load()); }

std::optional<std::uint32_t> JobTable::find_free() {
  const auto owners = board_.owners();
  const auto jobs = static_cast<std::uint32_t>(owners.size());
  const std::size_t start = std::hash<std::thread::id>{}(std::this_thread::get_id());
  for (std::uint32_t i = 0; i < jobs; ++i) {
    const auto job = static_cast<std::uint32_t>((start + i) % jobs);
    std::uint64_t nobody = 0;
    if (owners[job].load(std::memory_order_relaxed) == 0 &&
        owners[job].compare_exchange_strong(nobody, ProcessKey::own().bits())) {
      return job;
    }
  }
  return std::nullopt;
}

std::optional<std::uint32_t> JobTable::submit(const JobOrder& order) {
  const std::optional<std::uint32_t> job = find_free();
  if (!job) {
    return std::nullopt;
  }
  fill(*job, order);
  // From here on it counts.
  board_.works()[*job].store(JobWork(Phase::queued, {}).bits());
  wake_runner(order.generation);
  return job;
}

void JobTable::fill(std::uint32_t job, const JobOrder& order) {
  JobCell& cell = board_.cell(job);
  const std::size_t size = std::min(order.argument.size(), board_.shape().bytes);
  set_name(cell, order.task);
  cell.deadline_ns.store(order.deadline_ns, std::memory_order_relaxed);
  cell.generation.store(order.generation, std::memory_order_relaxed);
  cell.channel.store(order.channel, std::memory_order_relaxed);
  cell.argument_bytes.store(static_cast<std::uint32_t>(size), std::memory_order_relaxed);
  cell.is_detached.store(order.is_detached ? 1 : 0, std::memory_order_relaxed);
  cell.attempts.store(0, std::memory_order_relaxed);
  cell.result_bytes.store(0, std::memory_order_relaxed);
  cell.end.store(JobEnd::none, std::memory_order_relaxed);
  std::copy_n(order.argument.begin(), size, board_.argument(job));
  const std::uint64_t ticket = board_.next_ticket().fetch_add(1, std::memory_order_relaxed);
  board_.tickets()[job].store(static_cast<std::uint64_t>(order.priority) << kPriorityShift | ticket,
                              std::memory_order_relaxed);
}

// One that can take it; else whoever sleeps, who may take it once its generation is in force.
void JobTable::wake_runner(std::uint32_t generation) {
  for (const bool only_fit : {true, false}) {
    for (std::uint32_t slot = 0; slot < board_.shape().slots; ++slot) {
      for (std::uint32_t seat = 0; seat < kSeatsPerSlot; ++seat) {
        TaskRecord& record = board_.record({slot, seat});
        const bool is_fit = record.generation.load(std::memory_order_relaxed) >= generation;
        if (is_fit == only_fit && record.idle.wake_one()) {
          return;
        }
      }
    }
  }
}

bool JobTable::withdraw(std::uint32_t job) {
  return change(job, JobWork(Phase::queued, {}), JobWork(Phase::finished, {}));
}

bool JobTable::bury(std::uint32_t job, ProcessKey runner) {
  return change(job, JobWork(Phase::running, runner), JobWork(Phase::finished, {}));
}

bool JobTable::retry(std::uint32_t job, ProcessKey runner) {
  if (!change(job, JobWork(Phase::running, runner), JobWork(Phase::queued, {}))) {
    return false;
  }
  wake_runner(board_.cell(job).generation.load(std::memory_order_relaxed));
  return true;
}

std::uint32_t JobTable::attempts(std::uint32_t job) const {
  return board_.cell(job).attempts.load(std::memory_order_relaxed);
}

JobTable::Result JobTable::result(std::uint32_t job) const {
  const JobCell& cell = board_.cell(job);
  Result result;
  if (look(job).runner().is_none()) {
    result.end = JobEnd::dropped;
    return result;
  }
  const JobEnd end = cell.end.load(std::memory_order_relaxed);
  if (static_cast<std::uint32_t>(end) < kJobEnds && end != JobEnd::none) {
    result.end = end;
  }
  const std::size_t size = std::min<std::size_t>(cell.result_bytes.load(std::memory_order_relaxed),
                                                 board_.shape().bytes);
  result.bytes.assign(reinterpret_cast<const char*>(board_.result(job)), size);
  return result;
}

// In this order: who dies in between still owns it.
void JobTable::free(std::uint32_t job) {
  const JobCell& cell = board_.cell(job);
  board_.trim(job, cell.argument_bytes.load(std::memory_order_relaxed),
              cell.result_bytes.load(std::memory_order_relaxed));
  board_.works()[job].store(0);
  board_.owners()[job].store(0);
}

bool JobTable::may_run(std::uint32_t job, std::uint32_t generation, std::uint32_t in_force) const {
  const std::uint32_t wanted = board_.cell(job).generation.load(std::memory_order_relaxed);
  return generation >= wanted || (wanted > in_force && generation >= in_force);
}

std::optional<std::uint32_t> JobTable::first_queued(std::uint32_t generation,
                                                    std::uint32_t in_force) const {
  const auto works = board_.works();
  const auto tickets = board_.tickets();
  std::optional<std::uint32_t> first;
  std::uint64_t first_ticket = std::numeric_limits<std::uint64_t>::max();
  for (std::uint32_t job = 0; job < works.size(); ++job) {
    if (works[job].load() != JobWork(Phase::queued, {}).bits()) {
      continue;
    }
    const std::uint64_t ticket = tickets[job].load(std::memory_order_relaxed);
    if (ticket < first_ticket && may_run(job, generation, in_force)) {
      first = job;
      first_ticket = ticket;
    }
  }
  return first;
}

std::optional<std::uint32_t> JobTable::take(std::uint32_t generation, std::uint32_t in_force) {
  const JobWork mine(Phase::running, ProcessKey::own());
  while (const auto job = first_queued(generation, in_force)) {
    if (!change(*job, JobWork(Phase::queued, {}), mine)) {
      continue;
    }
    // It may be another job by now than the one that was looked at.
    if (may_run(*job, generation, in_force)) {
      return job;
    }
    change(*job, mine, JobWork(Phase::queued, {}));
  }
  return std::nullopt;
}

JobTable::Job JobTable::begin(std::uint32_t job) {
  JobCell& cell = board_.cell(job);
  cell.attempts.fetch_add(1, std::memory_order_relaxed);
  const std::size_t size = std::min<std::size_t>(
      cell.argument_bytes.load(std::memory_order_relaxed), board_.shape().bytes);
  return {name_of(cell), std::string(reinterpret_cast<const char*>(board_.argument(job)), size),
          cell.deadline_ns.load(std::memory_order_relaxed),
          cell.generation.load(std::memory_order_relaxed)};
}

void JobTable::finish(std::uint32_t job, JobEnd end, std::string_view bytes) {
  JobCell& cell = board_.cell(job);
  std::string too_long;
  if (bytes.size() > board_.shape().bytes) {
    too_long = "its result has " + std::to_string(bytes.size()) + " bytes, and at most " +
               std::to_string(board_.shape().bytes) + " are taken (--limit-task)";
    bytes = std::string_view(too_long).substr(0, board_.shape().bytes);
    end = JobEnd::failed;
  }
  std::memcpy(board_.result(job), bytes.data(), bytes.size());
  cell.result_bytes.store(static_cast<std::uint32_t>(bytes.size()), std::memory_order_relaxed);
  cell.end.store(end, std::memory_order_relaxed);
  const std::uint32_t channel = cell.channel.load(std::memory_order_relaxed);
  // From here on it counts.
  const ProcessKey own = ProcessKey::own();
  if (change(job, JobWork(Phase::running, own), JobWork(Phase::finished, own))) {
    if (WaitPoint* const submitter = board_.channel(channel)) {
      submitter->wake_one();
    }
  }
}

std::vector<JobTable::Orphan> JobTable::sweep() {
  std::vector<Orphan> orphans;
  const auto owners = board_.owners();
  LifeLook life;
  for (std::uint32_t job = 0; job < owners.size(); ++job) {
    const std::uint64_t dead = owners[job].load();
    if (dead == 0 || life.is_alive(ProcessKey(dead))) {
      continue;
    }
    std::uint64_t seen = dead;
    if (!owners[job].compare_exchange_strong(seen, ProcessKey::own().bits())) {
      continue;
    }
    // From here on only who runs it can change it.
    if (settle_orphan(job, orphans)) {
      free(job);
    } else {
      owners[job].store(dead);
    }
  }
  return orphans;
}

bool JobTable::settle_orphan(std::uint32_t job, std::vector<Orphan>& orphans) {
  const JobWork work = look(job);
  switch (work.phase()) {
    case Phase::idle:
    case Phase::finished:
      return true;
    case Phase::queued:
      return board_.cell(job).is_detached.load(std::memory_order_relaxed) == 0 && withdraw(job);
    case Phase::running:
      if (work.runner().is_alive() || !bury(job, work.runner())) {
        return false;
      }
      if (monotonic_ns() < board_.cell(job).deadline_ns.load(std::memory_order_relaxed)) {
        orphans.push_back({task_of(job),
                           board_.cell(job).generation.load(std::memory_order_relaxed),
                           work.runner()});
      }
      return true;
  }
  return false;
}

std::uint32_t JobTable::drop_all() {
  std::uint32_t dropped = 0;
  for (std::uint32_t job = 0; job < board_.shape().jobs; ++job) {
    if (withdraw(job)) {
      ++dropped;
    }
  }
  return dropped;
}

std::string JobTable::task_of(std::uint32_t job) const { return name_of(board_.cell(job)); }

std::size_t JobTable::count(Phase phase) const {
  const auto works = board_.works();
  return static_cast<std::size_t>(std::count_if(works.begin(), works.end(), [phase](const auto& w) {
    return JobWork(w.load(std::memory_order_relaxed)).is(phase);
  }));
}

std::optional<std::uint32_t> JobTable::running_by(std::int32_t pid) const {
  for (std::uint32_t job = 0; job < board_.shape().jobs; ++job) {
    const JobWork work = look(job);
    if (work.is(Phase::running) && work.runner().pid() == pid) {
      return job;
    }
  }
  return std::nullopt;
}

}  // namespace prefork::ipc
