// Reads the configuration again and makes a serving plan of it, or says everything that is wrong
// with it. Starts, replaces and logs nothing itself; with --preload it loads the application, first
// in a process of its own. Master only.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "config/base/result.h"
#include "config/load.h"
#include "workers/master/preload.h"
#include "workers/master/serving_plan.h"

namespace prefork::master {

using Problems = std::vector<config::Problem>;

class Reloader {
 public:
  // What a new plan has to get along with.
  struct Present {
    const ServingPlan& plan;
    std::uint32_t slot_capacity = 0;
    std::vector<SharedPlan> living;
  };

  // `arguments` and `environment` are read again each time. `tell` gets what is worth a line in the
  // log but no obstacle, as it happens.
  Reloader(std::vector<std::string> arguments, config::Environment environment,
           prefork_app::Report tell);

  [[nodiscard]] config::Result<SharedPlan, Problems> make_plan(const Present& present) const;

 private:
  const std::vector<std::string> arguments_;
  const config::Environment environment_;
  const prefork_app::Report tell_;
};

}  // namespace prefork::master
