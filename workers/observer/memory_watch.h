// --max-worker-memory: finds the workers that have more memory than they may. One that is above the
// limit for a moment is let off: it has to be there at two looks in a row. Reads the segment and
// /proc. One thread: the observer's event loop.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <vector>

#include "ipc/base/monotonic.h"
#include "ipc/frames.h"
#include "ipc/segment.h"

namespace prefork::observer {

class MemoryWatch {
 public:
  // Nothing: it cannot be read.
  using Measure = std::function<std::optional<std::uint64_t>(std::int32_t pid)>;

  struct Found {
    std::vector<ipc::OversizedFrame> oversized;  // at each look again, while they are there
    bool is_blind = false;  // there are workers, but of none can it be read: said once
  };

  // `limit` in bytes; 0: there is none, and nobody is looked at. The first look is an interval
  // after `now_ns`; each may be a tenth of it early or late, so that servers on one machine do not
  // look all at once.
  MemoryWatch(std::size_t limit, std::uint64_t interval_ns, std::uint64_t now_ns, Measure measure);

  // Where it is time to: looks.
  Found look(const ipc::Segment& segment, std::uint64_t now_ns);

 private:
  static constexpr std::uint32_t kLooksInARow = 2;
  static constexpr std::uint64_t kSpreadPart = 10;

  struct Above {
    std::uint32_t epoch = 0;
    std::uint32_t looks = 0;  // in a row
  };

  void look_at(const ipc::Segment& segment, ipc::Place at, Found& found, std::uint32_t& readable);
  [[nodiscard]] std::uint64_t next_after(std::uint64_t now_ns) const;

  const std::size_t limit_;
  const std::uint64_t interval_ns_;
  const Measure measure_;
  std::uint64_t due_ns_ = ipc::kNever;
  std::map<ipc::Place, Above> above_;
  bool is_blindness_told_ = false;
};

}  // namespace prefork::observer
