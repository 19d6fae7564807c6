// What the children run; each returns the exit code of its process. Handed in by main(), so that
// whoever makes them knows none of them.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "workers/child/child_context.h"

namespace prefork::child {

// Which of them a process is to run.
enum class ChildRole : std::uint8_t { worker, task, observer };

struct ChildMains {
  std::function<int(const ChildContext& context)> worker;
  std::function<int(const ChildContext& context)> task;
  // `urls`: where the workers listen.
  std::function<int(const ChildContext& context, const std::vector<std::string>& urls)> observer;
};

}  // namespace prefork::child
