// At most one worker is the leader, with a number that is larger with each new one: the one that
// holds a lock on a file without a name, which the kernel takes back when its process ends, however
// it ends. fcntl(2), advisory record locks: they belong to the process and are not inherited. Made
// by the master before the first fork; each worker asks for itself. Any thread may ask is_held().
#pragma once

#include <atomic>
#include <cstdint>

#include "ipc/base/owned_fd.h"

namespace prefork::ipc {

class Leadership {
 public:
  // Throws std::system_error.
  Leadership();
  // In a process that has the file but not the mapping. Throws std::system_error.
  explicit Leadership(OwnedFd file);
  ~Leadership();
  Leadership(const Leadership&) = delete;
  Leadership& operator=(const Leadership&) = delete;

  // Tries to become the leader, or finds that this process is it. Never waits.
  bool try_take();
  // For good: this process does not become the leader again.
  void give_up();
  [[nodiscard]] bool is_held() const { return token() != 0; }
  // Of this process as the leader: larger than that of every leader before. 0: it is not.
  [[nodiscard]] std::uint64_t token() const { return token_.load(std::memory_order_acquire); }

  // Must stay open in the workers, and must not be opened a second time: closing any descriptor of
  // the file gives the lock away.
  [[nodiscard]] int fd() const { return file_.get(); }

 private:
  void map();

  OwnedFd file_;
  std::atomic<std::uint64_t>* leaders_;  // so far; shared by all
  std::atomic<std::uint64_t> token_{0};
  bool given_up_ = false;
};

}  // namespace prefork::ipc
