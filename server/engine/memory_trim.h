// Gives memory back to the system after a crowd of connections has left: the allocator would keep
// what it had for the next one. One thread: the event loop.
#pragma once

#include <malloc.h>

#include <algorithm>
#include <cstddef>

namespace prefork::engine {

class MemoryTrim {
 public:
  // To be called now and then, with the number of open connections.
  void on_tick(std::size_t open) {
    if (open >= kThreshold) {
      trim_below_ = std::max(trim_below_, open / 2);
    }
    if (open < trim_below_) {
      // Each time half of those who were left are gone, down to the last one.
      trim_below_ = open / 2;
      ::malloc_trim(0);
    }
  }

 private:
  // Connections that are worth tidying up after.
  static constexpr std::size_t kThreshold = 256;

  std::size_t trim_below_ = 0;
};

}  // namespace prefork::engine
