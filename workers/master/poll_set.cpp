#include "workers/master/poll_set.h"

#include <cstddef>
#include <utility>

namespace prefork::master {

void PollSet::add(int fd, std::function<void()> on_readable) {
  polled_.push_back({fd, POLLIN, 0});
  callbacks_.push_back(std::move(on_readable));
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

void PollSet::dispatch() {
  for (std::size_t i = 0; i < polled_.size(); ++i) {
    if (polled_[i].revents != 0) {
      callbacks_[i]();
    }
  }
}

}  // namespace prefork::master
