// The signals that the master takes from a descriptor, so that no handler interrupts it. Made
// before the first child; children undo it (workers/child/child_signals.h). Master only.
//
// Whatever the parent has left: a parent that ignores SIGCHLD would have the kernel reap the
// children, and nobody would hear of their end (waitpid(2)).
#pragma once

#include <sys/signalfd.h>
#include <optional>
#include <vector>

#include "ipc/base/owned_fd.h"

namespace prefork::master {

struct TakenSignal {
  int number = 0;
  // SIGHUP because the terminal is closed, and not because somebody has sent it.
  bool is_hang_up = false;

  bool operator==(const TakenSignal&) const = default;
};

class Signals {
 public:
  // Blocks these and no others, ignores SIGPIPE and SIGXFSZ, and gives all others their default
  // actions. Throws std::system_error. `outlives_terminal`: as the program before has found it; its
  // signals that wait are still there, but for SIGCHLD.
  explicit Signals(std::optional<bool> outlives_terminal = std::nullopt);
  [[nodiscard]] bool outlives_terminal() const { return outlives_terminal_; }

  // Readable when there is one.
  [[nodiscard]] int fd() const { return fd_.get(); }
  // Those that have come since, in order; a turn's share of them. Without what the terminal has
  // told the group because one of its processes used it from the background.
  [[nodiscard]] std::vector<TakenSignal> take() const;

 private:
  [[nodiscard]] bool is_hang_up(const signalfd_siginfo& info) const;

  const bool outlives_terminal_;  // started with SIGHUP ignored, as nohup(1) does
  const bool has_terminal_;
  ipc::OwnedFd fd_;
};

}  // namespace prefork::master
