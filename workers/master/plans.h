// The serving plans of all generations that may still be used: the one that serves, the one a
// reload goes to, and those of processes that are about to leave. Master only.
#pragma once

#include <map>
#include <vector>

#include "workers/master/handover.h"
#include "workers/master/serving_plan.h"
#include "workers/supervision/supervisor.h"

namespace prefork::master {

class Plans {
 public:
  static constexpr supervision::Generation kFirst = 1;

  // Of the first generation.
  explicit Plans(SharedPlan first);
  // Those of the program before. Throws std::exception.
  static config::Result<Plans> restore(const Handover& handover);
  void hand_over(Handover& handover) const;

  // The generation it is.
  supervision::Generation add(SharedPlan plan);
  // What the next one added will be.
  [[nodiscard]] supervision::Generation next_generation() const { return last_generation_ + 1; }
  [[nodiscard]] const ServingPlan& at(supervision::Generation generation) const;
  // Null: it is forgotten.
  [[nodiscard]] SharedPlan find(supervision::Generation generation) const;
  // Before the first reload.
  [[nodiscard]] const ServingPlan& first() const { return at(kFirst); }
  [[nodiscard]] std::vector<SharedPlan> living() const;
  [[nodiscard]] std::vector<supervision::Generation> generations() const;

  // Those that no process has and none can be made from any more; their sockets close with them.
  void forget_unused(const supervision::Supervisor& supervisor);

  // For a stop, of all of them; see ListeningSocket.
  void stop_admitting() const;
  void close() const;

 private:
  Plans() = default;

  std::map<supervision::Generation, SharedPlan> plans_;
  supervision::Generation last_generation_ = kFirst;
};

}  // namespace prefork::master
