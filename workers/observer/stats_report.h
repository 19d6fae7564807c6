// The JSON of GET /stats, made from the statistics segment. The observer's only; reading never
// changes anything, so any number of readers see the same numbers.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "ipc/segment.h"

namespace prefork::observer {

struct StatsReportInputs {
  const ipc::Segment& segment;
  const std::vector<std::string>& urls;  // where the workers listen
  std::string admin_url;
  std::uint32_t pool_threads = 0;  // of each worker: how many boxes of a record are in use
};

// Pretty-printed, ends with a newline.
std::string make_stats_report(const StatsReportInputs& inputs);

// At least one worker is ready and the server is not stopping.
bool is_serving(const ipc::Segment& segment);

// The master has shown life lately. It beats at least once a second.
bool is_master_alive(const ipc::Segment& segment);

}  // namespace prefork::observer
