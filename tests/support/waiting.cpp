#include "tests/support/waiting.h"

#include <poll.h>

#include <algorithm>

namespace prefork::test {

namespace {

constexpr Milliseconds kLookEvery{5};

}  // namespace

int Deadline::left_ms() const {
  const auto left = std::chrono::ceil<Milliseconds>(at_ - TestClock::now());
  return static_cast<int>(std::max(left, Milliseconds{0}).count());
}

bool wait_until(const std::function<bool()>& condition, Milliseconds within) {
  const Deadline deadline(within);
  for (;;) {
    if (condition()) {
      return true;
    }
    if (deadline.has_passed()) {
      return false;
    }
    pause_for(kLookEvery);
  }
}

void pause_for(Milliseconds pause) { ::poll(nullptr, 0, static_cast<int>(pause.count())); }

Milliseconds elapsed_since(TestClock::time_point start) {
  return std::chrono::duration_cast<Milliseconds>(TestClock::now() - start);
}

}  // namespace prefork::test
