// The JSON of GET /stats, made from a snapshot. A pure function; any thread.
#pragma once

#include <string>
#include <vector>

#include "workers/observer/stats_snapshot.h"

namespace prefork::observer {

// `urls`: where the workers listen; `admin_url`: where this is shown. Pretty-printed, ends with a
// newline. What clients sent and is not UTF-8 is replaced. `is_detailed`: with the buckets of the
// latency of all workers, from which two reports together give the percentiles of the time between
// them: pairs of the smallest value in microseconds and how many there were.
std::string to_json(const StatsSnapshot& snapshot, const std::vector<std::string>& urls,
                    const std::string& admin_url, bool is_detailed = false);

}  // namespace prefork::observer
