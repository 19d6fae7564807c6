#include "workers/master/deaths.h"

#include <algorithm>
#include <string>
#include <utility>

#include "ipc/base/monotonic.h"
#include "ipc/log/time_text.h"

namespace prefork::master {

using supervision::Clock;

void Deaths::tell(const supervision::action::Release& release, bool is_work_told) {
  const Publisher& publisher = parts_.publisher;
  AtWork in_hand{publisher.requests_in_flight(release.at), ipc::monotonic_ns(),
                 publisher.part_at_work(release.at)};
  const Lines banned = route_guard_.charge(release, in_hand.requests, Clock::now());
  say(parts_.narrator.ended({release, Clock::now() - release.last.started,
                             publisher.requests_served(release.at),
                             is_work_told ? AtWork{} : std::move(in_hand)}));
  say(banned);
  diagnosis_.on_end(release);
  keep_requests(release);
}

void Deaths::keep_requests(const supervision::action::Release& release) {
  if (release.at.slot >= parts_.segment.slot_capacity()) {
    return;
  }
  // One that was told to go and had done what it had to has nothing in hand, but for what is stuck.
  const bool is_done =
      was_asked_for(release) && release.last.leaves_because != ipc::DrainReason::stuck;
  const SharedPlan plan = is_done ? nullptr : parts_.plans.find(release.last.generation);
  request_files_.on_end(
      release.at, plan != nullptr ? plan->options.logging.keep_requests : "",
      {release.at.slot, *release.last.pid, release.last.generation, describe_exit(release.exit),
       std::string(ipc::TimeText().rfc3339(ipc::realtime_ns()))});
}

std::optional<supervision::TimePoint> Deaths::deadline() const {
  const auto told = diagnosis_.deadline();
  const auto kept = request_files_.deadline();
  return told && kept ? std::min(*told, *kept) : (told ? told : kept);
}

void Deaths::enforce(supervision::TimePoint now) {
  diagnosis_.enforce(now);
  request_files_.enforce(now);
}

bool Deaths::on_reaped(supervision::Pid pid) {
  return diagnosis_.on_reaped(pid) || request_files_.on_reaped(pid);
}

void Deaths::tell_stuck(ipc::Place at, const supervision::Seat& seat) {
  const std::vector<ipc::RequestInFlight> stuck = diagnosis_.name_stuck(at, seat);
  say(route_guard_.charge_stuck(seat.generation, stuck, Clock::now()));
}

void Deaths::say(const Lines& lines) {
  for (const Line& line : lines) {
    parts_.log.write(line.level, line.text);
  }
}

void Deaths::tell_giving_up(const supervision::Failure& reason, std::string_view last_words) {
  const std::string short_reason = Narrator::reason_of(reason, last_words);
  say(boot_failures_.take_others(short_reason));
  const std::string text =
      parts_.narrator.giving_up(reason, last_words) + boot_failures_.and_others(short_reason);
  parts_.log.critical(text);
  if (!parts_.log.is_standard_error()) {
    child::tell_standard_error("prefork-server: " + text);
  }
}

}  // namespace prefork::master
