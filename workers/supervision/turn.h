// The event at hand: its time and the orders that follow from it, in order. One for the life of the
// supervisor, shared by its parts; between events it keeps the time of the last one.
#pragma once

#include <vector>

#include "workers/supervision/supervisor_messages.h"

namespace prefork::supervision {

struct Turn {
  TimePoint now;
  std::vector<Action> actions;

  void order(const Action& action) { actions.push_back(action); }
  void notice(const action::Notice& notice) { actions.emplace_back(notice); }
};

}  // namespace prefork::supervision
