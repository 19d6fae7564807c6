// Requests that take longer than --slow-request: each is named in the log once, with the call stack
// of the thread that has it, at most one a second of each worker; and where they were found is
// counted, by the innermost function of the application. One that is deferred has no thread and is
// only named; one whose answer has begun is not slow but long.
//
// In a turn the master looks at the records of the workers, asks a thread for its stack, and reads
// the answer in a later turn. Master only.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "ipc/requests_in_flight.h"
#include "ipc/segment.h"
#include "workers/child/log.h"
#include "workers/master/narrator.h"
#include "workers/master/plans.h"
#include "workers/master/stack_frames.h"
#include "workers/master/symbolizer.h"
#include "workers/supervision/supervisor.h"

namespace prefork::master {

class SlowRequests {
 public:
  using TimePoint = supervision::TimePoint;

  // Finds out what the stack is made of, and calls `done` with it, now or later.
  using NameFrames =
      std::function<void(std::vector<StackFrame> stack, supervision::Generation generation,
                         std::function<void(const std::vector<StackFrame>&)> done)>;

  // All of it outlives this.
  struct Parts {
    ipc::Segment& segment;
    const Plans& plans;
    const Narrator& narrator;
    child::Log& log;
    NameFrames name_frames;
  };

  explicit SlowRequests(Parts parts) : parts_(std::move(parts)) {}

  // The worker says that it is stuck: names the requests that threads of its pool have had for
  // longer than --timeout-request, whether they were named before or not, the oldest with its
  // stack.
  std::vector<ipc::RequestInFlight> name_stuck(ipc::Place at, const supervision::Seat& seat,
                                               TimePoint now);
  // In each turn.
  void look(const supervision::Supervisor& supervisor, TimePoint now);
  // While there is something to look at sooner than the master's next turn.
  [[nodiscard]] std::optional<TimePoint> deadline() const { return deadline_; }

 private:
  // A request of which the stack was asked for.
  struct Asked {
    ipc::RequestInFlight one;
    Narrator::Delay delay = Narrator::Delay::slow;
    std::uint32_t question = 0;
    TimePoint until;
  };
  struct Watched {
    std::uint32_t epoch = 0;
    std::optional<TimePoint> told_at;
    std::vector<std::uint64_t> told;  // the last requests by their numbers
    std::optional<Asked> asked;
  };

  void look_at(ipc::Place at, const supervision::Seat& seat, TimePoint now);
  void take_answer(ipc::Place at, const supervision::Seat& seat, Watched& watched, TimePoint now);
  Watched& watched(ipc::Place at, const supervision::Seat& seat);
  void begin(ipc::Place at, const supervision::Seat& seat, const Asked& asked, TimePoint now);
  void tell(ipc::Place at, const supervision::Seat& seat, const Asked& asked,
            const std::vector<std::uint64_t>& stack);
  void count(const std::string& function);
  void wake_at(TimePoint time) { deadline_ = std::min(deadline_.value_or(time), time); }

  Parts parts_;
  std::map<ipc::Place, Watched> watched_;
  std::map<std::string, std::uint64_t> counts_;
  std::optional<TimePoint> deadline_;
};

}  // namespace prefork::master
