// Writes the lines of a process's access log, in a thread of its own: whoever has a line to tell
// appends it to the ring and goes on, however slow the disk, the network or the reader of a pipe
// is. Where the ring is full the line is not taken.
//
// The thread sleeps while there is nothing to write, and a line wakes it, so that few lines are in
// the log at once. When there are more it looks every 10 ms by itself, until it finds nothing: then
// a line costs no system call, and only a ring that fills quickly wakes it in between.
//
// All calls by one thread: the event loop.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string_view>
#include <thread>

#include "ipc/log/line_ring.h"
#include "ipc/log/line_sink.h"
#include "ipc/shared/owner_word.h"

namespace prefork::ipc {

class LogWriter {
 public:
  // `ring` may hold what its seat's last process has left: that comes first, once `reader` is free,
  // which outlives the process. Throws std::system_error where there can be no thread, and leaves
  // `sink` as it was then.
  LogWriter(std::unique_ptr<LineRing> ring, OwnerWord& reader, std::unique_ptr<LineSink>& sink);
  ~LogWriter();
  LogWriter(const LogWriter&) = delete;
  LogWriter& operator=(const LogWriter&) = delete;

  // A whole line. False: there is no room for it.
  bool append(std::string_view line);
  // There is room for many.
  [[nodiscard]] bool is_roomy() const;
  // Why the sink takes nothing now; 0: it does.
  [[nodiscard]] int error() const;
  // Lines that the sink did not take, since the last call.
  std::uint64_t take_lost();

  // Opens a sink; returns errno, 0 when it worked. It may wait for a disk.
  using Opener = std::function<int(LineSink& sink)>;
  // By the thread, once what was appended so far is in the old sink, as far as that takes it; in
  // which it goes on where there is no other.
  void change_sink(Opener open);
  // Why a sink could not be opened, since the last call; 0: each could.
  int take_open_error();

  // Waits until everything is written, or for so long. What a sink has refused until then is lost.
  // Of a thread that does not come back from a write the rest stays in the ring. Nothing may be
  // appended afterwards. True: the ring is empty, and nobody looks at it any more.
  bool finish(std::chrono::milliseconds patience);

 private:
  // What the two threads share.
  class Desk;

  std::shared_ptr<Desk> desk_;
  std::thread thread_;
};

}  // namespace prefork::ipc
