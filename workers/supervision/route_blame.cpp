#include "workers/supervision/route_blame.h"

#include <algorithm>
#include <numeric>

namespace prefork::supervision {

void RouteBlame::restart(std::uint32_t limit) {
  limit_ = limit;
  histories_.clear();
}

std::optional<std::chrono::seconds> RouteBlame::charge(std::uint32_t route, double share,
                                                       TimePoint now) {
  if (limit_ == 0) {
    return std::nullopt;
  }
  History& history = history_of(route);
  if (now < history.banned_until) {
    return std::nullopt;  // it was running when the ban began
  }
  std::erase_if(history.deaths, [&](const Death& death) { return now - death.at > kWindow; });
  history.deaths.push_back({now, share});
  if (history.ban.count() != 0 && now < history.banned_until + kProbation) {
    return ban(history, now);
  }
  history.ban = {};
  const double sum =
      std::accumulate(history.deaths.begin(), history.deaths.end(), 0.0,
                      [](double charged, const Death& death) { return charged + death.share; });
  // Thirds do not add up to one exactly.
  constexpr double kRounding = 1e-6;
  if (sum + kRounding < limit_) {
    return std::nullopt;
  }
  return ban(history, now);
}

std::chrono::seconds RouteBlame::ban(History& history, TimePoint now) {
  history.ban = history.ban.count() == 0 ? kFirstBan : std::min(2 * history.ban, kLongestBan);
  history.banned_until = now + history.ban;
  history.deaths.clear();
  return history.ban;
}

RouteBlame::History& RouteBlame::history_of(std::uint32_t route) {
  const auto found = std::find_if(histories_.begin(), histories_.end(),
                                  [&](const History& one) { return one.route == route; });
  if (found != histories_.end()) {
    std::rotate(found, found + 1, histories_.end());
    return histories_.back();
  }
  if (histories_.size() == kMaxRoutes) {
    histories_.erase(histories_.begin());
  }
  return histories_.emplace_back(History{route, {}, {}, {}});
}

}  // namespace prefork::supervision
