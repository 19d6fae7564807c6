// What the workers of an application share, as it sees it: named numbers and the leader. Declared
// while the application is loaded, bound to the segment by each worker before it serves, then used
// by any thread.
#pragma once

#include <string>
#include <vector>

#include "ipc/leadership.h"
#include "ipc/segment.h"
#include "ipc/shared/table.h"
#include "server/include/prefork/abi.h"

namespace prefork::native {

// Where a worker's part of it is. The references outlive the application's threads.
struct SharedPlace {
  const ipc::Segment& segment;
  ipc::Place record;
  const ipc::Leadership& leadership;
  ipc::SharedTable& table;
};

struct SharedNumbers {
  std::vector<ipc::NumberName> names;
  std::vector<ipc::HistogramShape> histograms;
  const SharedPlace* place = nullptr;  // null: not in a worker
};

// Writes the names into the worker's record.
void bind(SharedNumbers& numbers, const SharedPlace& place);

// Fills in the functions of the interface that are about it.
void add_shared_functions(prefork_api& api);

}  // namespace prefork::native
