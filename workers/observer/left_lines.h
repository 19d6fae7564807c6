// What workers that have ended have left of the access log: the last lines of one that was killed,
// or whose disk did not answer. Written by a thread that is there for as long as there is any,
// since the disk may not answer it either. See ipc/log/log_rings.h. The observer's event loop only.
#pragma once

#include <chrono>
#include <cstdint>
#include <future>
#include <string>
#include <vector>

#include "ipc/base/process_id.h"
#include "ipc/log/log_rings.h"
#include "ipc/segment.h"

namespace prefork::observer {

class LeftLines {
 public:
  // `rings`, which may be null, and `segment` outlive the process.
  LeftLines(const ipc::LogRings* rings, const ipc::Segment& segment)
      : rings_(rings), segment_(segment) {}

  // Looks whether there are any. Returns what is to be said; empty: nothing.
  std::string look();
  // The same at the end of the observer, and waits for the thread, but not for long.
  std::string finish(std::chrono::milliseconds patience);

 private:
  // Of those that are written by now.
  struct Lost {
    std::uint64_t lines = 0;
    int error = 0;
  };

  [[nodiscard]] std::vector<ipc::Place> take_from_dead() const;
  [[nodiscard]] bool may_be_left(ipc::Place at) const;
  void begin_to_write();
  std::string take_news(std::chrono::milliseconds patience);
  static Lost write(const ipc::LogRings& rings, const std::vector<ipc::Place>& places);
  static Lost write_one(const ipc::LogRings& rings, ipc::Place at, std::uint64_t give_up_ns);

  const ipc::LogRings* rings_;
  const ipc::Segment& segment_;
  std::future<Lost> written_;
};

}  // namespace prefork::observer
