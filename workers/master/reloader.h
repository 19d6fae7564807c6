// Reads the configuration again and makes a serving plan of it, or says everything that is wrong
// with it. Starts, replaces and logs nothing itself. Master only.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "config/base/result.h"
#include "config/load.h"
#include "workers/master/serving_plan.h"
#include "workers/master/working_folder.h"

namespace prefork::master {

using Problems = std::vector<config::Problem>;

class Reloader {
 public:
  using Tell = std::function<void(config::LogLevel level, std::string_view line)>;

  // What a new plan has to get along with.
  struct Present {
    const ServingPlan& plan;
    std::uint32_t slot_capacity = 0;
    std::vector<SharedPlan> living;
  };

  // `arguments` and `environment` are read again each time, in the folder of that name. `tell` gets
  // what is worth a line in the log but no obstacle, as it happens.
  Reloader(std::vector<std::string> arguments, config::Environment environment, Tell tell);

  [[nodiscard]] config::Result<SharedPlan, Problems> make_plan(const Present& present) const;

  // What is read again, in that folder.
  [[nodiscard]] const std::vector<std::string>& arguments() const { return arguments_; }
  [[nodiscard]] const config::Environment& environment() const { return environment_; }
  void follow_folder() const { working_folder_.follow(); }

 private:
  const std::vector<std::string> arguments_;
  const config::Environment environment_;
  const WorkingFolder working_folder_;
  const Tell tell_;
};

}  // namespace prefork::master
