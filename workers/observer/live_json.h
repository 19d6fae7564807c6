// What the page at / is told once a second, made from a snapshot: compact JSON without a line
// break, short names, and of each worker no more than a tile shows. Pure; any thread.
#pragma once

#include <string>
#include <vector>

#include "workers/observer/event_feed.h"
#include "workers/observer/stats_snapshot.h"

namespace prefork::observer {

// What the page shows beside the snapshot.
struct LiveSetting {
  std::vector<std::string> urls;  // where the workers listen
  bool may_command = false;       // by POST /commands/
};

// A worker names so many of its requests, those first that are oldest.
inline constexpr std::size_t kLiveRequests = 4;

LiveReport to_live_report(const StatsSnapshot& snapshot, const LiveSetting& setting);

}  // namespace prefork::observer
