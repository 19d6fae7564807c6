#include "ipc/shared/barrier.h"

namespace prefork::ipc {

Outcome Barrier::arrive_and_wait(const WaitName& name, std::uint32_t parties,
                                 std::uint64_t timeout_ns) {
  Visit visit{parties, {}};
  const auto attempt = [this, &visit](Look look) -> std::optional<Outcome> {
    return arrive(visit, look) ? std::optional(Outcome::done) : std::nullopt;
  };
  if (arrive(visit, Look::no)) {
    return Outcome::done;
  }
  if (const auto passed = wait_for(waiting_, name, deadline_after(timeout_ns), attempt)) {
    return *passed;
  }
  if (!visit.place) {
    return Outcome::timed_out;
  }
  changing_.lock({}, kNever);
  const bool passed = has_passed(visit);
  if (!passed) {
    places_[*visit.place].store(0);
  }
  changing_.unlock();
  return passed ? Outcome::done : Outcome::timed_out;
}

std::uint32_t Barrier::arrived(std::uint32_t parties) const {
  const std::uint32_t round = round_.load();
  std::uint32_t number = 0;
  for (std::uint32_t i = 0; i < parties; ++i) {
    number += has_come(places_[i].load(), round) ? 1U : 0U;
  }
  return number;
}

// True when the visit's round has ended.
bool Barrier::arrive(Visit& visit, Look look) {
  if (has_passed(visit)) {
    return true;
  }
  // Once it has its place, only the dead are to be looked for.
  if ((visit.place && look == Look::no) ||
      changing_.lock({}, kOthersChangeNs) == Outcome::timed_out) {
    return false;
  }
  // Where all have come and the round has not ended, the last of them was killed before it could
  // end it or found a dead one: that one's place is free after have_all_come().
  if (!visit.place && !take_place(visit) && !have_all_come(visit.parties)) {
    take_place(visit);
  }
  if (visit.place && !has_passed(visit) && have_all_come(visit.parties)) {
    round_.store(visit.round + 1);
  }
  changing_.unlock();
  if (!has_passed(visit)) {
    return false;
  }
  waiting_.wake_all();
  return true;
}

// False: all places are taken.
bool Barrier::take_place(Visit& visit) {
  visit.round = round_.load();
  for (std::uint32_t i = 0; i < visit.parties; ++i) {
    if (!has_come(places_[i].load(), visit.round)) {
      places_[i].store(ProcessKey::own().bits() | mark_of(visit.round));
      visit.place = i;
      return true;
    }
  }
  return false;
}

// Frees the place of one that is dead.
bool Barrier::have_all_come(std::uint32_t parties) {
  for (std::uint32_t i = 0; i < parties; ++i) {
    if (!has_come(places_[i].load(), round_.load())) {
      return false;
    }
  }
  ProcessKey alive;  // was looked at already
  for (std::uint32_t i = 0; i < parties; ++i) {
    const ProcessKey who(places_[i].load());
    if (who != alive && !who.is_alive()) {
      places_[i].store(0);
      return false;
    }
    alive = who;
  }
  return true;
}

}  // namespace prefork::ipc
