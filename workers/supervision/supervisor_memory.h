// All that a supervisor knows, as a value that can be carried to another process: one that goes on
// where this one was. Plain values, no behaviour but the check of those that come from outside.
#pragma once

#include <string>
#include <vector>

#include "workers/supervision/supervisor_state.h"

namespace prefork::supervision {

struct Memory {
  Wanted wanted;
  Epoch last_epoch = 0;
  bool any_worker_was_ready = false;
  TimePoint now;            // of the last event
  std::vector<Slot> slots;  // in the order of Supervisor::slots()
};

// Why no supervisor can have known this; empty: one can.
std::string fault_of(const Memory& memory);

}  // namespace prefork::supervision
