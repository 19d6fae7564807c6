#include "workers/master/change_series.h"

#include <algorithm>
#include <utility>

namespace prefork::master {

void ChangeSeries::changed(const std::string& path, TimePoint now) {
  if (changed_.empty()) {
    first_change_ = now;
  }
  last_change_ = now;
  if (changed_.size() < kMaxRemembered) {
    changed_.insert(path);
  }
}

void ChangeSeries::made(const std::string& path) {
  if (made_.size() < kMaxRemembered && !changed_.contains(path)) {
    made_.insert(path);
  }
}

void ChangeSeries::gone(const std::string& path, TimePoint now) {
  if (made_.erase(path) != 0) {
    changed_.erase(path);
  } else {
    changed(path, now);
  }
}

std::optional<ChangeSeries::TimePoint> ChangeSeries::due() const {
  if (changed_.empty()) {
    return std::nullopt;
  }
  return std::min(last_change_ + kQuietTime, first_change_ + kLongestSeries);
}

std::set<std::string> ChangeSeries::take() {
  made_.clear();
  return std::exchange(changed_, {});
}

}  // namespace prefork::master
