// The master's sentences about its processes: facts in, lines of the log out, such as an operator
// can act on. Values and pure functions: it writes nothing, reads no clock and no segment.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "ipc/frames.h"
#include "ipc/requests_in_flight.h"
#include "workers/master/server_lines.h"
#include "workers/supervision/supervisor_messages.h"

namespace prefork::master {

// What a worker had in hand.
struct AtWork {
  ipc::RequestsInFlight requests;
  std::uint64_t now_ns = 0;
  std::string part;  // of the application, in which it is: "hook on_drain"; empty: in none
};

// The end of a process. What comes after `release` is known of it beside.
struct Ending {
  const supervision::action::Release& release;
  supervision::Duration age{};
  std::uint64_t requests_served = 0;  // of a worker
  AtWork at_work;
};

// The master wanted it to end, and it had done what it had to. Who was not ready yet when it was
// asked has nothing to finish, and is ended.
inline bool was_asked_for(const supervision::action::Release& release) {
  const bool had_nothing = release.last.leaves_because.has_value() && !release.last.ready_at;
  return had_nothing || (release.last.state == ipc::ProcessState::draining &&
                         release.exit.signal == 0 && release.exit.code == 0);
}

// "signal 11 (SIGSEGV), no core dump", "exit code 3"
std::string describe_exit(const supervision::Exit& exit);
Line reaped_stranger(supervision::Pid pid);
Line fork_server_ended(supervision::Generation generation, const supervision::Exit& exit);
// The application took the process with it that loaded it.
std::string ended_while_it_was_loaded(const std::string& path, const supervision::Exit& exit);
// A fork server, without an application.
std::string ended_before_it_forked(const supervision::Exit& exit);

// In what a worker that is watched can be worse, beside its answers.
inline constexpr std::string_view kHandlerIsStuck = "a handler takes longer than --timeout-request";

class Narrator {
 public:
  explicit Narrator(std::uint32_t observer_slot) : observer_slot_(observer_slot) {}

  using Place = ipc::Place;
  using Pid = std::optional<supervision::Pid>;  // none: it has none, or not yet

  [[nodiscard]] std::string name_of(Place at, Pid pid) const;
  [[nodiscard]] Line started(Place at, Pid pid) const;
  [[nodiscard]] Line ready(Place at, Pid pid, const ipc::ReadyFrame& frame) const;
  [[nodiscard]] Line gets(const supervision::action::Kill& kill) const;
  [[nodiscard]] Line does_not_read(Place at, Pid pid) const;
  [[nodiscard]] Line sent_something_unreadable(Place at, Pid pid, ipc::FrameError error) const;
  [[nodiscard]] Line sent_frame_of_other_epoch(Place at, Pid pid) const;
  [[nodiscard]] Line is_no_longer_heard(Place at, Pid pid) const;
  [[nodiscard]] Line is_deaf(Place at, Pid pid) const;
  [[nodiscard]] Line is_traced(Place at, Pid pid, supervision::Pid tracer) const;
  enum class Delay : std::uint8_t { slow, stuck };
  [[nodiscard]] Line is_slow(Place at, Pid pid, const ipc::RequestInFlight& one,
                             std::uint64_t now_ns, Delay delay) const;
  // `limit`: that it has passed.
  [[nodiscard]] Line is_oversized(Place at, Pid pid, std::uint64_t bytes,
                                  std::uint64_t limit) const;
  [[nodiscard]] Lines ended(const Ending& ending) const;
  // `last_words`: of the process whose failure it is, or empty. `at_work`: of the process it is
  // about, for those notices that name requests.
  [[nodiscard]] Lines tell(const supervision::action::Notice& notice, std::string_view last_words,
                           const AtWork& at_work) const;
  // What was wrong, to be said behind the name of a process.
  [[nodiscard]] static std::string reason_of(const supervision::Failure& failure,
                                             std::string_view last_words);
  // With the name of the process.
  [[nodiscard]] std::string describe(const supervision::Failure& failure,
                                     std::string_view last_words) const;
  [[nodiscard]] std::string giving_up(const supervision::Failure& failure,
                                      std::string_view last_words) const;

 private:
  [[nodiscard]] bool is_worker(Place at) const { return at.slot < observer_slot_; }
  void add_requests(Lines& lines, Place at, std::string_view what, const AtWork& at_work) const;

  std::uint32_t observer_slot_;
};

}  // namespace prefork::master
