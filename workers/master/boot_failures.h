// Why workers could not boot while nobody serves yet. Many fail for one reason: it is told once,
// with how many there are, and not before it is known whether the server goes on without them or
// gives up, whose last line then has the reason in it. Who waits longer than a moment for that is
// told meanwhile. Master only.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "workers/master/narrator.h"
#include "workers/supervision/supervisor_state.h"

namespace prefork::master {

class BootFailures {
 public:
  using TimePoint = supervision::TimePoint;

  static constexpr std::chrono::seconds kMoment{1};

  // `worker` with its pid, and what was wrong.
  void add(const std::string& worker, const std::string& reason, TimePoint now);

  // What has waited for a moment and was not told.
  Lines take_old(TimePoint now);
  // Everything that was not told: the server goes on.
  Lines take_all();
  // The server gives up for this reason: everything else that was not told.
  Lines take_others(std::string_view reason);
  // " (and 3 more workers)": who has failed for it beside the one that is named; may be empty.
  [[nodiscard]] std::string and_others(std::string_view reason) const;

 private:
  struct Kind {
    std::string reason;
    std::string first;  // worker
    std::uint32_t count = 0;
    TimePoint since;
    bool is_told = false;
  };

  static Line tell(Kind& kind);

  std::vector<Kind> kinds_;
};

}  // namespace prefork::master
