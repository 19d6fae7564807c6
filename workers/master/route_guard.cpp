#include "workers/master/route_guard.h"

#include <algorithm>
#include <csignal>
#include <map>
#include <string>
#include <vector>

#include "ipc/base/monotonic.h"
#include "ipc/log/log_text.h"

namespace prefork::master {

namespace {

bool has_crashed(const supervision::Exit& exit) {
  constexpr int kSignals[] = {SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGABRT, SIGSYS, SIGTRAP};
  return std::find(std::begin(kSignals), std::end(kSignals), exit.signal) != std::end(kSignals);
}

// Those whose handlers ran; if there were none, those that are to be answered later, for the
// application may have been at work on them by itself.
std::vector<const ipc::InFlightRequest*> suspects(const ipc::RequestsInFlight& in_hand) {
  std::vector<const ipc::InFlightRequest*> found;
  for (const ipc::RequestPhase phase : {ipc::RequestPhase::handling, ipc::RequestPhase::deferred}) {
    for (const ipc::RequestInFlight& one : in_hand.named) {
      if (one.request.phase == phase) {
        found.push_back(&one.request);
      }
    }
    if (!found.empty()) {
      break;
    }
  }
  return found;
}

}  // namespace

Lines RouteGuard::charge(const supervision::action::Release& release,
                         const ipc::RequestsInFlight& in_hand, supervision::TimePoint now) {
  return has_crashed(release.exit) ? charge(release.last.generation, suspects(in_hand), now)
                                   : Lines{};
}

Lines RouteGuard::charge_stuck(supervision::Generation generation,
                               const std::vector<ipc::RequestInFlight>& stuck,
                               supervision::TimePoint now) {
  std::vector<const ipc::InFlightRequest*> blamed;
  for (const ipc::RequestInFlight& one : stuck) {
    blamed.push_back(&one.request);
  }
  return charge(generation, blamed, now);
}

Lines RouteGuard::charge(supervision::Generation generation,
                         const std::vector<const ipc::InFlightRequest*>& blamed,
                         supervision::TimePoint now) {
  if (generation != generation_) {
    return {};
  }
  struct Charge {
    double share = 0;
    std::string request;
  };
  std::map<std::uint16_t, Charge> charges;
  for (const ipc::InFlightRequest* const one : blamed) {
    if (one->route != 0) {
      Charge& charge = charges[one->route];
      charge.share += 1.0 / static_cast<double>(blamed.size());
      charge.request = one->method + " " + one->path;
    }
  }
  Lines lines;
  for (const auto& [route, charge] : charges) {
    const auto ban = blame_.charge(route, charge.share, now);
    if (ban &&
        bans_.ban({generation, route}, charge.request, ipc::monotonic_ns() + ipc::to_ns(*ban))) {
      lines.push_back({config::LogLevel::warning,
                       "the route of " + ipc::escaped(charge.request) +
                           " takes workers with it: for " + std::to_string(ban->count()) +
                           " s its requests are answered with 503, then one of them tries it again "
                           "(--limit-route-deaths)"});
    }
  }
  return lines;
}

void RouteGuard::restart(supervision::Generation generation, std::uint32_t limit) {
  generation_ = generation;
  blame_.restart(limit);
  bans_.clear();
}

}  // namespace prefork::master
