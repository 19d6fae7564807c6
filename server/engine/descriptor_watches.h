// Which descriptors of an application are waited for: each direction of each once, in an epoll
// instance of its own, which the event loop watches as one descriptor. So the loop's own table has
// no part in what an application does with its descriptors. One thread: the loop's.
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <unordered_map>

#include "ipc/base/owned_fd.h"
#include "server/loop/event_loop.h"

namespace prefork::engine {

class DescriptorWatches {
 public:
  using Function = std::function<void()>;
  using Id = std::uint64_t;

  // Outlives it. Costs nothing before the first watch.
  explicit DescriptorWatches(loop::EventLoop& loop) : loop_(loop) {}

  // See exchange::Scheduler::watch.
  Id add(int fd, bool for_writing, Function function);
  void cancel(Id id);

 private:
  struct Waiting {
    std::uint32_t number = 0;  // 0: nobody
    Function function;
  };
  struct Descriptor {
    std::array<Waiting, 2> directions;  // reading, writing
  };

  bool open();
  bool arm(int fd, const Descriptor& descriptor);
  void take_events();
  void tell(int fd, bool for_writing);

  loop::EventLoop& loop_;
  ipc::OwnedFd epoll_fd_;
  std::unordered_map<int, Descriptor> descriptors_;  // those that somebody waits for
  std::uint32_t added_ = 0;
};

}  // namespace prefork::engine
