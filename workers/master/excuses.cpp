#include "workers/master/excuses.h"

#include <algorithm>
#include <chrono>
#include <utility>

namespace prefork::master {

namespace {

using supervision::Duration;

// Of `window`, how long it could not run.
Duration held_up(const ProcessLook& before, const ProcessLook& now, Duration window) {
  if (now.tracer != 0 || now.is_dumping_core) {
    return window;
  }
  // The kernel adds to the time waited only when the wait is over; who has wanted to run all the
  // time has waited while it did not run.
  const auto difference = [](std::uint64_t later, std::uint64_t earlier) {
    return std::chrono::nanoseconds(later > earlier ? later - earlier : 0);
  };
  const Duration waited = now.state == 'R' ? window - difference(now.ran_ns, before.ran_ns)
                                           : difference(now.waited_ns, before.waited_ns);
  return std::clamp<Duration>(waited, Duration::zero(), window);
}

}  // namespace

bool Excuses::is_in_doubt(const supervision::Supervisor& supervisor, const supervision::Seat& seat,
                          supervision::TimePoint now) {
  if (!seat.pid) {
    return false;
  }
  if (supervisor.judges_beats_of(seat)) {
    return now - *seat.last_beat >= seat.patience / 2;
  }
  if (seat.state == ipc::ProcessState::starting) {
    return seat.deadline && now - seat.started >= (*seat.deadline - seat.started) / 2;
  }
  return seat.state == ipc::ProcessState::killing && seat.signal == supervision::Signal::abort;
}

std::vector<Excuses::Found> Excuses::find(const supervision::Supervisor& supervisor,
                                          supervision::TimePoint now) {
  std::vector<Found> found;
  for (std::uint32_t slot = 0; slot < supervisor.slots().size(); ++slot) {
    for (std::uint32_t index = 0; index < ipc::kSeatsPerSlot; ++index) {
      const ipc::Place place{slot, index};
      const supervision::Seat& seat = supervisor.seat(place);
      if (!is_in_doubt(supervisor, seat, now)) {
        watched_.erase(place);
        continue;
      }
      const auto [entry, is_new] = watched_.try_emplace(place);
      Watched& watched = entry->second;
      if (is_new || watched.pid != *seat.pid) {
        watched = {*seat.pid, now, look_(*seat.pid), false};
      }
      if (auto excused = look_again(place, watched, now)) {
        found.push_back(*excused);
      }
    }
  }
  return found;
}

std::optional<Excuses::Found> Excuses::look_again(ipc::Place place, Watched& watched,
                                                  supervision::TimePoint now) {
  const Duration window = now - watched.at;
  const ProcessLook look = window == Duration::zero() ? watched.look : look_(watched.pid);
  const Duration time = held_up(watched.look, look, window);
  watched.at = now;
  watched.look = look;
  Found found{{place, time}, std::nullopt};
  if (look.tracer != 0 && !std::exchange(watched.is_tracer_told, true)) {
    found.new_tracer = look.tracer;
  }
  if (time == Duration::zero() && !found.new_tracer) {
    return std::nullopt;
  }
  return found;
}

}  // namespace prefork::master
