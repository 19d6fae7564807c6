// How many connections wait to be accepted, and how many may: the kernel's queue of each listening
// socket (listen(2), tcp(7)). Master only: it has the sockets, whatever the workers do.
#pragma once

#include <cstdint>
#include <vector>

#include "workers/master/listening_socket.h"

namespace prefork::master {

struct AcceptQueue {
  std::uint64_t length = 0;
  std::uint64_t limit = 0;
};

// Of TCP sockets, together: the kernel does not say it of others.
AcceptQueue look_at_accept_queues(const std::vector<SharedSocket>& sockets);

}  // namespace prefork::master
