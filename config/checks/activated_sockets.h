// The sockets that a service manager has opened for the server (socket activation,
// sd_listen_fds(3)).
#pragma once

#include <string>
#include <vector>

#include "config/base/result.h"
#include "config/sources/environment.h"
#include "config/values/bind.h"

namespace prefork::config {

struct ActivatedSocket {
  int fd = -1;
  std::string name;  // FileDescriptorName=, or that of the socket unit

  bool operator==(const ActivatedSocket&) const = default;
};

// As the environment says. None where it speaks to another process than `pid`.
std::vector<ActivatedSocket> activated_sockets(const Environment& environment, int pid);

// The addresses with the descriptors of those that are named (Bind::Kind::activated) in their
// place. One name may be that of several.
Result<std::vector<Bind>> put_in_place(const std::vector<Bind>& binds,
                                       const std::vector<ActivatedSocket>& sockets);

}  // namespace prefork::config
