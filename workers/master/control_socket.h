// The socket over which operators command the server: made by the master before the first fork,
// served by the observer, whichever process that is. Closing the master's object removes the file,
// unless another server has put its own there meanwhile. Master only.
#pragma once

#include <string>

#include "config/base/result.h"
#include "config/load.h"
#include "config/options/options.h"
#include "config/values/account.h"
#include "ipc/base/owned_fd.h"
#include "ipc/control_places.h"
#include "workers/master/listening_socket.h"

namespace prefork::master {

class ControlSocket {
 public:
  ControlSocket() = default;
  ~ControlSocket();
  ControlSocket(ControlSocket&& other) noexcept;
  ControlSocket& operator=(ControlSocket&&) = delete;

  // At this path. A socket there that nobody listens on any more is replaced.
  static config::Result<ControlSocket, ListenError> open(const std::string& path);

  // With --user: whom the service belongs to may command it, beside root.
  void give_to(const config::Account& account);

  // -1: there is none.
  [[nodiscard]] int fd() const { return fd_.get(); }
  [[nodiscard]] const std::string& path() const { return path_; }
  [[nodiscard]] const SocketFile& file() const { return file_; }

  // One that another program of this process has opened.
  ControlSocket(ipc::OwnedFd fd, std::string path, SocketFile file);

 private:
  ipc::OwnedFd fd_;
  std::string path_;
  SocketFile file_;
};

ipc::ControlSurroundings control_surroundings(const config::Environment& environment);

// Where the options say; without a path in the first of the default places that will do. An error
// of these is one that a server can live with.
config::Result<ControlSocket, ListenError> open_control_socket(
    const config::ControlOptions& options, const ipc::ControlSurroundings& surroundings);

}  // namespace prefork::master
