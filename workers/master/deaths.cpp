#include "workers/master/deaths.h"

#include <utility>

#include "ipc/base/monotonic.h"

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
