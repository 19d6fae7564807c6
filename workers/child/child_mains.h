// What the children run; each returns the exit code of its process. Handed in by main(), so that
// whoever makes them knows neither the worker nor the observer.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "workers/child/child_context.h"

namespace prefork::child {

struct ChildMains {
  std::function<int(const ChildContext& context)> worker;
  // `urls`: where the workers listen.
  std::function<int(const ChildContext& context, const std::vector<std::string>& urls)> observer;
};

}  // namespace prefork::child
