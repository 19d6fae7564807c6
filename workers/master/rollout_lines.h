// The master's sentences about replacing processes: a reload, a rollback, a recycle. Pure
// functions.
#pragma once

#include <string>

#include "workers/master/line.h"
#include "workers/supervision/supervisor_messages.h"

namespace prefork::master {

// What of the notice is told by others too.
struct RolloutWords {
  std::string name;  // of its process; empty: it is about none
  std::string span;  // its duration
  std::string why;   // its failure, or why there is none
};

// Empty: the notice is about something else.
Lines tell_rollout(const supervision::action::Notice& notice, const RolloutWords& words);

}  // namespace prefork::master
