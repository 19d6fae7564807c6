// Which routes are to be banned: each death of a worker is charged to the requests it had in hand,
// and a route to which enough was charged within kWindow is banned, for longer each time it goes on
// as soon as it is let through again. Plain values, no clock: part of the pure core.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <vector>

#include "workers/supervision/supervisor_state.h"

namespace prefork::supervision {

class RouteBlame {
 public:
  static constexpr std::chrono::seconds kWindow{60};
  static constexpr std::chrono::seconds kFirstBan{30};
  static constexpr std::chrono::seconds kLongestBan{600};
  // After a ban has ended, the first death is enough for the next one.
  static constexpr std::chrono::seconds kProbation{10};
  // Routes that are remembered; the oldest is forgotten for another one.
  static constexpr std::size_t kMaxRoutes = 64;

  // `limit`: how many deaths are too many; 0: none ever are.
  explicit RouteBlame(std::uint32_t limit) : limit_(limit) {}

  // Another configuration serves: what was charged before concerns nobody any more.
  void restart(std::uint32_t limit);

  // `share` of a death, above 0 and up to 1, is this route's. Something: it is to be banned for so
  // long.
  std::optional<std::chrono::seconds> charge(std::uint32_t route, double share, TimePoint now);

 private:
  struct Death {
    TimePoint at;
    double share = 0;
  };
  struct History {
    std::uint32_t route = 0;
    std::vector<Death> deaths;    // of the window
    std::chrono::seconds ban{0};  // the last one; 0: there was none
    TimePoint banned_until{};
  };

  History& history_of(std::uint32_t route);
  std::chrono::seconds ban(History& history, TimePoint now);

  std::uint32_t limit_;
  std::vector<History> histories_;  // the one that was charged last is the last
};

}  // namespace prefork::supervision
