#include "server/native/lock_order.h"

#include <algorithm>

namespace prefork::native {

std::optional<std::string> LockOrder::before_wait(const std::string& lock,
                                                  const std::string& function) {
  const std::lock_guard guard(mutex_);
  std::optional<std::string> problem;
  for (const auto& [thread, held] : held_) {
    if (thread != std::this_thread::get_id()) {
      continue;
    }
    const Path path = held == lock ? Path{lock} : find_path(lock, held);
    if (!path.empty() && told_.emplace(held, lock).second) {
      problem = tell(held, lock, function, path);
    }
    if (held != lock) {
      seen_[held].emplace(lock, function);
    }
  }
  return problem;
}

void LockOrder::took(const std::string& lock) {
  const std::lock_guard guard(mutex_);
  held_.emplace_back(std::this_thread::get_id(), lock);
}

void LockOrder::gave_back(const std::string& lock) {
  const std::lock_guard guard(mutex_);
  auto given = std::find(held_.begin(), held_.end(), std::pair(std::this_thread::get_id(), lock));
  if (given == held_.end()) {
    given = std::find_if(held_.begin(), held_.end(),
                         [&lock](const auto& held) { return held.second == lock; });
  }
  if (given != held_.end()) {
    held_.erase(given);
  }
}

LockOrder::Path LockOrder::find_path(const std::string& from, const std::string& to) const {
  std::map<std::string, std::string> came_from{{from, {}}};
  std::vector<std::string> next{from};
  for (std::size_t i = 0; i < next.size(); ++i) {
    const std::string at = next[i];
    if (at == to) {
      Path path;
      for (std::string step = to; !step.empty(); step = came_from[step]) {
        path.insert(path.begin(), step);
      }
      return path;
    }
    const auto orders = seen_.find(at);
    if (orders == seen_.end()) {
      continue;
    }
    for (const auto& [wanted, function] : orders->second) {
      if (came_from.emplace(wanted, at).second) {
        next.push_back(wanted);
      }
    }
  }
  return {};
}

std::string LockOrder::tell(const std::string& held, const std::string& wanted,
                            const std::string& function, const Path& path) const {
  if (held == wanted) {
    return "lock order: " + function + " waits for " + wanted + ", which the same thread has";
  }
  std::string line = "lock order: " + function + " takes " + wanted + " while it has " + held;
  for (std::size_t i = 0; i + 1 < path.size(); ++i) {
    line += "; " + seen_.at(path[i]).at(path[i + 1]) + " takes " + path[i + 1] + " while it has " +
            path[i];
  }
  return line + ": at the same moment they wait for each other";
}

}  // namespace prefork::native
