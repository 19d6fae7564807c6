// Why a process ended, and in what one is slow (SlowRequests). The last words of one that has ended
// go into the log as one line of JSON, behind the sentences about it, and into the segment for
// /stats. What its call stack is made of is asked of a helper first, which nobody waits for. Master
// only.
#pragma once

#include <algorithm>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "ipc/segment.h"
#include "workers/child/log.h"
#include "workers/master/last_words.h"
#include "workers/master/oom_kills.h"
#include "workers/master/plans.h"
#include "workers/master/publisher.h"
#include "workers/master/slow_requests.h"
#include "workers/master/symbolizer.h"

namespace prefork::master {

class Diagnosis {
 public:
  // All of it outlives the diagnosis.
  struct Parts {
    ipc::Segment& segment;
    const Publisher& publisher;
    const Plans& plans;
    const Narrator& narrator;
    child::Log& log;
  };

  explicit Diagnosis(Parts parts);

  // Before the record of the process is cleared. Nothing, when the end was asked for.
  void on_end(const supervision::action::Release& release);

  // Of workers that serve: which requests are slow, and in what.
  void look(const supervision::Supervisor& supervisor) {
    slow_requests_.look(supervisor, supervision::Clock::now());
  }

  // See SlowRequests.
  std::vector<ipc::RequestInFlight> name_stuck(ipc::Place at, const supervision::Seat& seat) {
    return slow_requests_.name_stuck(at, seat, supervision::Clock::now());
  }

  // In each turn; see Symbolizer.
  void watch(PollSet& polled) { symbolizer_.watch(polled); }
  [[nodiscard]] std::optional<supervision::TimePoint> deadline() const;
  void enforce(supervision::TimePoint now) { symbolizer_.enforce(now); }
  bool on_reaped(supervision::Pid pid) { return symbolizer_.on_reaped(pid); }
  // All has been said.
  [[nodiscard]] bool empty() const { return symbolizer_.empty(); }

 private:
  [[nodiscard]] LastWords collect(const supervision::action::Release& release);
  void tell(const LastWords& words, const std::string& name);
  void name_frames(std::vector<StackFrame> stack, supervision::Generation generation,
                   std::function<void(const std::vector<StackFrame>&)> done);
  [[nodiscard]] Symbolizer::Question question(const std::vector<StackFrame>& stack,
                                              supervision::Generation generation) const;

  Parts parts_;
  OomKills oom_kills_;
  Symbolizer symbolizer_;
  SlowRequests slow_requests_;
};

}  // namespace prefork::master
