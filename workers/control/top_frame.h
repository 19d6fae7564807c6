// One picture of `preforkctl top`, from two reports: what there is now, and what has happened
// between them. Pure; every line is plain text and no wider than asked for.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "workers/control/views.h"

namespace prefork::control {

struct FrameSize {
  std::size_t columns = 80;
  std::size_t rows = 24;
};

// With room for it, each worker's longest request too. What does not fit below is counted.
std::vector<std::string> top_frame(const Json& before, const Json& now, FrameSize size);

// Of the latencies between the two reports, in microseconds; 0 when there was none. `share`: 0
// to 1.
double percentile_between(const Json& before, const Json& now, double share);

}  // namespace prefork::control
