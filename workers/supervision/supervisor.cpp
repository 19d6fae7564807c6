#include "workers/supervision/supervisor.h"

#include <algorithm>
#include <cstdlib>
#include <utility>
#include <variant>

#include "workers/supervision/supervisor_table.h"

namespace prefork::supervision {

Supervisor::Supervisor(const Settings& settings, Generation generation)
    : settings_(settings),
      capacity_(settings.capacity),
      slots_(settings.capacity + std::size_t{1}),
      workers_(settings.workers),
      generation_(generation) {
  if (settings.workers < 1 || settings.workers > settings.capacity) std::abort();
  for (std::uint32_t slot = 0; slot < slots_.size(); ++slot) {
    for (std::uint32_t seat = 0; seat < kSeatsPerSlot; ++seat) places_.push_back({slot, seat});
  }
  for (std::uint32_t slot = 0; slot < workers_; ++slot) slots_[slot].want = Want::run;
  Slot& observer = slots_[observer_slot()];
  observer.role = Role::observer;
  if (settings.observer) observer.want = Want::run;
}

std::vector<Action> Supervisor::on(const Event& event, TimePoint now) {
  if (phase_ == Phase::finished) return {};
  actions_.clear();
  forgive_what_happened_while_asleep(now);
  now_ = now;
  std::visit([this](const auto& fact) { handle(fact); }, event);
  advance();
  return std::exchange(actions_, {});
}

// A master that was stopped or starved has seen no beat and no readiness for as long, and the whole
// process group may have been stopped with it: everybody gets a new window. The deadlines of those
// who were asked to leave stand: they are a promise to the operator.
void Supervisor::forgive_what_happened_while_asleep(TimePoint now) {
  if (now - now_ <= kTickGap) return;
  const std::optional<TimePoint> due = next_deadline();
  if (!due) return;
  const TimePoint asked = std::max(*due, now_);
  if (now - asked <= kTickGap) return;
  for (const Place at : places_) {
    Seat& seat = seat_at(at);
    if (seat.state == ProcessState::ready) seat.last_beat = now;
    if (seat.state == ProcessState::starting) seat.deadline = now + boot_timeout(seat.generation);
  }
  notice({.kind = NoticeKind::overslept, .duration = now - asked});
}

void Supervisor::handle(const event::Started&) {
  if (phase_ != Phase::idle) return;
  phase_ = Phase::running;
  fill_slot(observer_slot());
}

void Supervisor::handle(const event::Forked& event) {
  if (!exists(event.at) || seat_at(event.at).pid) return;
  feed(event.at, Input::forked, {.pid = event.pid});
}

void Supervisor::handle(const event::ForkFailed& event) {
  if (!exists(event.at) || seat_at(event.at).pid) return;
  feed(event.at, Input::fork_failed, {.error_number = event.error_number});
}

void Supervisor::handle(const event::Ready& event) {
  if (!exists(event.at) || seat_at(event.at).epoch != event.epoch) return;
  feed(event.at, Input::ready, {});
}

void Supervisor::handle(const event::Exited& event) {
  const std::optional<Place> at = find(event.pid);
  if (!at) return;
  feed(*at, Input::exited, {.exit = event.exit});
}

void Supervisor::handle(const event::Beat& event) {
  if (!exists(event.at)) return;
  feed(event.at, Input::beat, {.time = event.time});
}

void Supervisor::handle(const event::Recycle& event) {
  if (!exists(event.at) || seat_at(event.at).epoch != event.epoch) return;
  feed(event.at, Input::recycle, {});
}

// Asked a second time, the operator does not want to wait.
void Supervisor::handle(const event::Stop& event) {
  const bool again = phase_ == Phase::stopping;
  if (!again) begin_stop();
  if (again || event.mode == StopMode::now) {
    kill_all();
  } else {
    drain_all();
  }
}

void Supervisor::handle(const event::Reload& event) {
  if (phase_ != Phase::running) return;
  if (roll_ || reload_) {
    notice({.kind = NoticeKind::reload_queued, .generation = event.generation});
  }
  next_reload_ = event;
}

void Supervisor::handle(const event::AddWorker&) {
  if (phase_ != Phase::running) return;
  if (workers_ == capacity_) {
    notice({.kind = NoticeKind::cannot_add_worker, .count = capacity_});
    return;
  }
  add_worker();
}

void Supervisor::handle(const event::RemoveWorker&) {
  if (phase_ != Phase::running) return;
  if (workers_ == 1) {
    notice({.kind = NoticeKind::cannot_remove_worker, .count = workers_});
    return;
  }
  remove_worker();
}

void Supervisor::handle(const event::Tick&) {
  for (const Place at : places_) {
    const Seat& seat = seat_at(at);
    if (seat.deadline && now_ >= *seat.deadline) feed(at, Input::due, {});
    if (seat.last_beat && now_ - *seat.last_beat >= settings_.healthcheck_timeout) {
      feed(at, Input::silent, {});
    }
  }
}

std::optional<TimePoint> Supervisor::next_deadline() const {
  if (phase_ == Phase::idle || phase_ == Phase::finished) return std::nullopt;
  std::optional<TimePoint> next;
  const auto consider = [&next](TimePoint time) { next = next ? std::min(*next, time) : time; };
  for (const Place at : places_) {
    const Seat& seat = this->seat(at);
    if (seat.deadline) consider(*seat.deadline);
    if (seat.state != ProcessState::ready) continue;
    consider(now_ + kWatchEvery);
    if (seat.last_beat) consider(*seat.last_beat + settings_.healthcheck_timeout);
    // One that is due already waits for another process, not for the time.
    if (seat.successor_due && *seat.successor_due > now_) consider(*seat.successor_due);
  }
  return next;
}

std::optional<Place> Supervisor::find(Pid pid) const {
  const auto found =
      std::find_if(places_.begin(), places_.end(), [&](Place at) { return seat(at).pid == pid; });
  if (found == places_.end()) return std::nullopt;
  return *found;
}

std::optional<Place> Supervisor::holder(std::uint32_t slot) const {
  for (std::uint32_t index = 0; index < kSeatsPerSlot; ++index) {
    if (slots_[slot].seats[index].part == Part::holder) return Place{slot, index};
  }
  return std::nullopt;
}

std::uint32_t Supervisor::ready_workers() const {
  const auto ready = std::count_if(places_.begin(), places_.end(), [&](Place at) {
    return is_worker(at) && seat(at).state == ProcessState::ready;
  });
  return static_cast<std::uint32_t>(ready);
}

// The settings of a reload become everybody's only when it is committed; its own processes are
// judged by them from the start.
Duration Supervisor::boot_timeout(Generation generation) const {
  const bool of_reload = reload_ && reload_->order.generation == generation;
  return of_reload ? reload_->order.settings.boot_timeout : settings_.boot_timeout;
}

}  // namespace prefork::supervision
