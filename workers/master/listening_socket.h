// The sockets the server listens on, made by the master before the first fork and shared by all
// workers. Closing the master's object removes the file of a Unix socket, unless another server has
// put its own there meanwhile. Master only.
#pragma once

#include <sys/socket.h>
#include <sys/types.h>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "config/base/result.h"
#include "config/values/bind.h"
#include "config/values/exit_code.h"
#include "ipc/base/owned_fd.h"
#include "workers/master/socket_file.h"

namespace prefork::master {

class ListeningSocket {
 public:
  ListeningSocket(ipc::OwnedFd fd, config::Bind bind, std::string url);
  // One that another program of this process has made; `file`: that of a Unix socket.
  ListeningSocket(ipc::OwnedFd fd, config::Bind bind, std::string url, SocketFile file);
  ~ListeningSocket();
  ListeningSocket(const ListeningSocket&) = delete;
  ListeningSocket& operator=(const ListeningSocket&) = delete;

  [[nodiscard]] int fd() const { return fd_.get(); }

  // False: it is a Unix socket whose file somebody has removed, or put another one in its place, or
  // whose name leads elsewhere by now. Or it does not listen any more.
  [[nodiscard]] bool can_be_reached() const;

  // Somebody has ended the listening for all who share it: any process that has the socket may.
  [[nodiscard]] bool is_shut_down() const;
  // Then: at the same address, and in whatever process it is open. False where that is not
  // possible, as with Unix sockets.
  [[nodiscard]] bool listen_again(int backlog) const;
  // Nothing of this object will make it listen again.
  void note_lost() { is_lost_ = true; }
  [[nodiscard]] bool is_lost() const { return is_lost_; }

  // Lets no new connection into the queue, in whatever process the socket is open. For a stop: the
  // workers then empty the queue and close, and nobody was let in only to be reset. TCP sockets of
  // our own only; one that was inherited lives on with whoever opened it.
  void stop_admitting() const;
  // Closes the master's copy and removes the file of a Unix socket.
  void close();
  // As configured.
  [[nodiscard]] const config::Bind& bind() const { return bind_; }
  // Where it really listens: "http://127.0.0.1:8000", "unix:/run/shop.sock".
  [[nodiscard]] const std::string& url() const { return url_; }
  [[nodiscard]] const SocketFile& file() const { return file_; }

 private:
  ipc::OwnedFd fd_;
  config::Bind bind_;
  std::string url_;
  SocketFile file_;  // of a Unix socket
  sockaddr_storage address_{};
  socklen_t address_size_ = 0;
  bool is_lost_ = false;
};

using SharedSocket = std::shared_ptr<ListeningSocket>;

struct ListenError {
  config::ExitCode code;
  std::string message;  // one line: what, where and how to mend it
};

// A bind may give several sockets: a host name has several addresses. On an error nothing of it
// stays open.
// `unix_mode`: of a Unix socket's file; none: the umask decides, as for every file.
// `option` is the one to name when another address has to be chosen: "--port", "--admin".
config::Result<std::vector<SharedSocket>, ListenError> open_listening_sockets(
    const config::Bind& bind, int backlog, const std::string& option,
    std::optional<mode_t> unix_mode);

// Whether connections can be accepted there, of one that is inherited; all others are fine. Changes
// nothing of it.
config::Result<void, ListenError> check_inherited(const config::Bind& bind);

}  // namespace prefork::master
