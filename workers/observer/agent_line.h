// What HAProxy's agent check is told (agent-check in its configuration manual): one line of words.
#pragma once

#include <string>

#include "config/options/options.h"
#include "workers/observer/stats_snapshot.h"

namespace prefork::observer {

// "up ready 75%": send so much of the usual, which is less where workers are missing and where
// their requests come near to their limits. "ready" takes back the "drain" that was said when the
// server was stopped the last time. "down#no worker is ready" is for those who read HAProxy's page.
//
// Ends with the end of a line. `is_master_alive`: see is_master_alive().
std::string agent_line(const StatsSnapshot& snapshot, const config::Options& options,
                       bool is_master_alive);

}  // namespace prefork::observer
