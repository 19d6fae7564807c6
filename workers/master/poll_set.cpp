#include "workers/master/poll_set.h"

#include <algorithm>
#include <cstddef>
#include <utility>

namespace prefork::master {

void PollSet::add(int fd, short events, std::function<void()> on_event) {
  polled_.push_back({fd, events, 0});
  callbacks_.push_back(std::move(on_event));
}

void PollSet::wait(std::chrono::milliseconds timeout) {
  if (::poll(polled_.data(), polled_.size(), static_cast<int>(timeout.count())) >= 0) {
    return;
  }
  // Interrupted: what poll() has written is not to be relied on.
  for (pollfd& polled : polled_) {
    polled.revents = 0;
  }
}

void PollSet::wait_until(std::initializer_list<std::optional<supervision::TimePoint>> deadlines) {
  const supervision::TimePoint now = supervision::Clock::now();
  supervision::TimePoint until = now + kLongestWait;
  for (const auto& deadline : deadlines) {
    until = std::min(until, deadline.value_or(until));
  }
  // Rounded up: a turn just before the deadline would be one for nothing.
  const auto left = std::chrono::ceil<std::chrono::milliseconds>(until - now);
  wait(std::max(left, std::chrono::milliseconds{0}));
}

void PollSet::dispatch() {
  for (std::size_t i = 0; i < polled_.size(); ++i) {
    if (polled_[i].revents != 0) {
      callbacks_[i]();
    }
  }
}

}  // namespace prefork::master
