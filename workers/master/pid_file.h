// --pidfile: a file with the master's pid, for scripts. It is locked while the master lives, by
// which another one knows that it is in use; what a killed one has left behind is taken over. The
// lock is the process's own (F_SETLK in fcntl(2)): children do not inherit it, and it ends with the
// process however that ends. Master only.
#pragma once

#include <sys/types.h>

#include <string>

#include "config/base/result.h"
#include "ipc/base/owned_fd.h"

namespace prefork::master {

class PidFile {
 public:
  PidFile() = default;
  // Removes the file, where it is still the same.
  ~PidFile();
  PidFile(const PidFile&) = delete;
  PidFile& operator=(const PidFile&) = delete;

  // Once. The problem says who has it, or what is in the way: a file that holds something else than
  // a pid is nobody's to be written over.
  config::Result<void> take(const std::string& path);
  // That of this process, from another program of it: the lock outlives execve(2).
  void adopt(std::string path, ipc::OwnedFd fd);
  // -1: there is none.
  [[nodiscard]] int fd() const { return fd_.get(); }
  [[nodiscard]] const std::string& path() const { return path_; }

 private:
  [[nodiscard]] bool is_at_path() const;

  std::string path_;
  ipc::OwnedFd fd_;
};

}  // namespace prefork::master
