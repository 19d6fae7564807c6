// The descriptors of one turn of the master's loop, each with what is to be done once it is
// readable. Made anew for each turn, so that none of them can be closed already when it waits.
#pragma once

#include <poll.h>

#include <chrono>
#include <functional>
#include <vector>

namespace prefork::master {

class PollSet {
 public:
  // The descriptor stays the caller's.
  void add(int fd, std::function<void()> on_readable);

  // Waits until one is readable (or closed by the other side), a signal interrupts or the time has
  // passed. Then dispatch() calls what belongs to the readable ones, in the order of add().
  void wait(std::chrono::milliseconds timeout);
  void dispatch();

 private:
  std::vector<pollfd> polled_;
  std::vector<std::function<void()>> callbacks_;  // of each of them
};

}  // namespace prefork::master
