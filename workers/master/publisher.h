// What the master writes into the statistics segment: its own life, and that of processes that may
// not, or can no longer, write it themselves. Also reads back, as hostile words, what the master
// needs of a worker's record. Master only.
#pragma once

#include <cstdint>
#include <string>

#include "ipc/requests_in_flight.h"
#include "ipc/segment.h"
#include "ipc/tasks/task_board.h"
#include "workers/master/accept_queue.h"
#include "workers/master/reload_history.h"
#include "workers/supervision/supervisor.h"

namespace prefork::master {

class Publisher {
 public:
  // Notes the start. Both outlive it; null: there are no task processes.
  // `goes_on`: where the program before was, whose start counts.
  explicit Publisher(ipc::Segment& segment, ipc::TaskBoard* tasks = nullptr, bool goes_on = false);

  // The master shows life.
  void beat();
  void beat(const AcceptQueue& queue);
  // Of the master's own lines.
  void lines_lost(std::uint64_t count);
  // Before the fork: who will be there.
  void spawning(const supervision::action::Spawn& spawn, std::uint64_t forked_ns);
  void forked(ipc::Place at, std::int32_t pid);
  void ready(ipc::Place at);
  // Before the kernel forgets the process: what it has used.
  void ended(ipc::Place at, std::uint64_t cpu_us);
  // Notes how it ended and folds its record.
  void released(const supervision::action::Release& release);
  // What the supervisor says of reloads, among other things; `text`: the same in words.
  void noticed(const supervision::action::Notice& notice, std::string_view text);
  // What became of those that were tried.
  [[nodiscard]] ReloadHistory& reload_history() { return reload_history_; }
  // At once and for good, whatever the supervisor says.
  void stopping();
  // `is_ready`: the server has said so; before that it is starting.
  void states(const supervision::Supervisor& supervisor, bool is_ready);

  [[nodiscard]] std::uint64_t age_ns() const;
  // When the worker's event loop has shown life last, but not later than now. After its end what
  // the application does then counts as life for `to_end`, and what its threads do without a limit.
  [[nodiscard]] supervision::TimePoint beat_of(ipc::Place at, supervision::Duration to_end) const;
  // Of the worker that is there; none of the observer.
  [[nodiscard]] std::uint64_t requests_served(ipc::Place at) const;
  [[nodiscard]] ipc::RequestsInFlight requests_in_flight(ipc::Place at) const;
  // What of the application the worker there is in, beside handlers: "hook on_drain"; empty: none.
  [[nodiscard]] std::string part_at_work(ipc::Place at) const;
  // Those it has begun to serve, whatever they wait for.
  [[nodiscard]] std::uint32_t unfinished_requests(ipc::Place at) const;

 private:
  [[nodiscard]] bool is_worker(ipc::Place at) const;
  // Null: it is no task process.
  [[nodiscard]] ipc::TaskRecord* task_at(ipc::Place at) const;
  void release_task(const supervision::action::Release& release);
  void task_states(const supervision::Supervisor& supervisor);

  ipc::Segment& segment_;
  ipc::TaskBoard* tasks_;
  ReloadHistory reload_history_{segment_.header().notes.reloads};
  bool is_stopping_ = false;
};

}  // namespace prefork::master
