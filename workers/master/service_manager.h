// The service manager that has started the server, where one has: its socket for messages
// (NOTIFY_SOCKET, sd_notify(3)) and how long it waits for a sign of life (WATCHDOG_USEC). The
// variables are the master's alone and are taken out of the environment that children get, and
// those of socket activation with them. Master only.
#pragma once

#include <deque>
#include <optional>
#include <string>
#include <vector>

#include "ipc/base/owned_fd.h"
#include "workers/supervision/supervisor_state.h"

namespace prefork::master {

class ServiceManager {
 public:
  // Nobody is there.
  ServiceManager() = default;
  // `address`: an absolute path, or @ and a name for an abstract one; anything else is nobody.
  ServiceManager(const std::string& address, std::optional<supervision::Duration> watchdog);

  // As the environment of this process says, which it changes.
  static ServiceManager take_from_environment();

  [[nodiscard]] bool is_there() const { return socket_.valid(); }
  [[nodiscard]] std::optional<supervision::Duration> watchdog() const { return watchdog_; }

  // Never waits: what is not taken yet goes before the next ones.
  void send(std::vector<std::string> messages);

 private:
  std::string address_;  // as the kernel wants it, zero byte first where it is abstract
  ipc::OwnedFd socket_;
  std::optional<supervision::Duration> watchdog_;
  std::deque<std::string> unsent_;
};

}  // namespace prefork::master
