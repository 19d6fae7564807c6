// The terminal while `preforkctl top` has it: another screen, keys that come at once, nothing
// echoed; given back as it was found, whatever ends the program but SIGKILL. One in a process, one
// thread.
#pragma once

#include <termios.h>

#include <string>
#include <vector>

#include "workers/control/server_link.h"
#include "workers/control/top_frame.h"

namespace prefork::control {

class Screen {
 public:
  static bool is_possible();

  Screen();
  ~Screen();
  Screen(const Screen&) = delete;
  Screen& operator=(const Screen&) = delete;

  // As it is now.
  [[nodiscard]] FrameSize size() const;
  void show(const std::vector<std::string>& lines) const;
  // Until then, or until somebody wants to leave: q, Ctrl-C, SIGTERM. True: somebody does.
  bool wait(const Deadline& until) const;

 private:
  termios before_{};
};

// Of the terminal there, or as $COLUMNS and $LINES say, or 80 by 24.
FrameSize frame_size();

}  // namespace prefork::control
