// Some of the workers: a number, or a share of all of them. A value; any thread may read it.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "config/base/result.h"

namespace prefork::config {

struct WorkerShare {
  std::uint32_t amount = 1;
  bool is_percent = false;

  // Of so many workers: a share is rounded down, but never to none.
  [[nodiscard]] std::uint32_t of(std::uint32_t workers) const;

  // `8` or `25%`, which parse_worker_share() accepts.
  [[nodiscard]] std::string text() const;

  bool operator==(const WorkerShare&) const = default;
};

// A number from 1 to 256, or a percentage from 1% to 100%.
Result<WorkerShare> parse_worker_share(std::string_view text);

}  // namespace prefork::config
