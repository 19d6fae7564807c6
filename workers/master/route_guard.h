// Charges the death of a worker to the routes whose requests it had in hand, and bans those that
// cost too many (supervision/route_blame.h, ipc/route_bans.h). Crashes count, and hangs, which end
// by SIGABRT, and handlers that do not come back, for which a worker has to leave: not what the
// server asked for otherwise, nor a SIGKILL, which comes from outside, nor an exit, which the
// application has decided on. Master only.
#pragma once

#include <cstdint>
#include <vector>

#include "ipc/requests_in_flight.h"
#include "ipc/route_bans.h"
#include "workers/master/narrator.h"
#include "workers/supervision/route_blame.h"

namespace prefork::master {

class RouteGuard {
 public:
  // `bans` outlives it. `limit`: see RouteBlame.
  RouteGuard(ipc::RouteBans& bans, supervision::Generation generation, std::uint32_t limit)
      : bans_(bans), blame_(limit), generation_(generation) {}

  // A worker is gone. What is to be said of it.
  Lines charge(const supervision::action::Release& release, const ipc::RequestsInFlight& in_hand,
               supervision::TimePoint now);
  // A worker leaves because of handlers that do not come back.
  Lines charge_stuck(supervision::Generation generation,
                     const std::vector<ipc::RequestInFlight>& stuck, supervision::TimePoint now);
  // This generation serves from now on; another one's deaths are nobody's any more.
  void restart(supervision::Generation generation, std::uint32_t limit);

 private:
  Lines charge(supervision::Generation generation,
               const std::vector<const ipc::InFlightRequest*>& blamed, supervision::TimePoint now);

  ipc::RouteBans& bans_;
  supervision::RouteBlame blame_;
  supervision::Generation generation_;
};

}  // namespace prefork::master
