// Looks after the processes that run: tells the supervisor which of them show life and which could
// not, and ends those that nothing can be told any more. Master only.
#pragma once

#include <functional>

#include "workers/child/log.h"
#include "workers/master/children.h"
#include "workers/master/excuses.h"
#include "workers/master/narrator.h"
#include "workers/master/publisher.h"
#include "workers/supervision/supervisor.h"

namespace prefork::master {

class Vitals {
 public:
  // All of it outlives the vitals.
  struct Parts {
    const supervision::Supervisor& supervisor;
    const Publisher& publisher;
    const Narrator& narrator;
    Children& children;
    child::Log& log;
    // Tells the supervisor and carries out what follows.
    std::function<void(const supervision::Event&)> report;
  };

  explicit Vitals(Parts parts);

  // Before each Tick.
  void look();

 private:
  void report_beats();
  void excuse();
  void end_deaf_ones();
  void say(const Line& line) { parts_.log.write(line.level, line.text); }

  Parts parts_;
  Excuses excuses_;
};

}  // namespace prefork::master
