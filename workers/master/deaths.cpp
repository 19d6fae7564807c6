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

void Deaths::say(const Lines& lines) {
  for (const Line& line : lines) {
    parts_.log.write(line.level, line.text);
  }
}

}  // namespace prefork::master
