// What the workers of the application share, at one moment, as plain values for /stats: what there
// is, who holds it, who waits for it. Nothing in the table is believed to be more than numbers;
// owners that have died do not count. Any process that has the table mapped; any thread.
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "ipc/shared/table.h"

namespace prefork::observer {

struct SharedSnapshot {
  using Value = std::variant<bool, std::int64_t>;

  std::string name;
  std::string kind;
  std::vector<std::pair<std::string, Value>> values;  // by the names they are shown with
  std::vector<std::int32_t> holders;                  // pids; of a semaphore one for each unit
  std::uint32_t waiters = 0;                          // threads
};

std::vector<SharedSnapshot> look_at_shared(const ipc::SharedTable& table);

}  // namespace prefork::observer
