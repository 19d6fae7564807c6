// The only ways in which tests wait: for a condition, looking at it again every few milliseconds,
// and always with a deadline. Any thread.
#pragma once

#include <chrono>
#include <functional>

#include "tests/support/tested_build.h"

namespace prefork::test {

using Milliseconds = std::chrono::milliseconds;
using TestClock = std::chrono::steady_clock;

// Sanitized servers are slow; what is promised within a second is then promised within several.
inline const int kSlowness = is_sanitized() ? 4 : 1;

// For what should happen at once: long enough for a machine that is busy with something else.
inline const Milliseconds kPatience{10'000 * kSlowness};
inline const Milliseconds kASecond{1'000 * kSlowness};

class Deadline {
 public:
  explicit Deadline(Milliseconds within) : at_(TestClock::now() + within) {}

  [[nodiscard]] bool has_passed() const { return TestClock::now() >= at_; }
  // For poll(2): never negative, which would mean for ever.
  [[nodiscard]] int left_ms() const;

 private:
  TestClock::time_point at_;
};

// Looks until the condition holds; false when the deadline passed before.
bool wait_until(const std::function<bool()>& condition, Milliseconds within = kPatience);

// Where the time is the thing itself: the pace of a client, a moment between two signals that is to
// be another one each round, a time in which nothing may happen. For events there is wait_until().
void pause_for(Milliseconds pause);

Milliseconds elapsed_since(TestClock::time_point start);

}  // namespace prefork::test
