// The descriptors of one turn of the master's loop, each with what is to be done once it is
// readable. Made anew for each turn, so that none of them can be closed already when it waits.
#pragma once

#include <poll.h>

#include <chrono>
#include <functional>
#include <initializer_list>
#include <optional>
#include <vector>

#include "workers/supervision/supervisor_state.h"

namespace prefork::master {

class PollSet {
 public:
  // The descriptor stays the caller's.
  void add(int fd, std::function<void()> on_readable) { add(fd, POLLIN, std::move(on_readable)); }
  // Of which only the end is waited for: the other side has closed it, or somebody has shut it
  // down.
  void add_for_end(int fd, std::function<void()> on_end) { add(fd, 0, std::move(on_end)); }

  // Waits until one is readable (or closed by the other side), a signal interrupts or the time has
  // passed. Then dispatch() calls what belongs to the readable ones, in the order of add().
  void wait(std::chrono::milliseconds timeout);
  // Until the first of these at the latest, and for kLongestWait: the master shows life at least
  // that often.
  static constexpr std::chrono::milliseconds kLongestWait{1'000};
  void wait_until(std::initializer_list<std::optional<supervision::TimePoint>> deadlines);
  void dispatch();

 private:
  void add(int fd, short events, std::function<void()> on_event);

  std::vector<pollfd> polled_;
  std::vector<std::function<void()>> callbacks_;  // of each of them
};

}  // namespace prefork::master
