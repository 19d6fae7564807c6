// The commands that came over the control socket, each from its arrival to its answer: it is obeyed
// at once, and answered when what was asked for has happened or cannot happen any more, as the
// supervisor shows it. The observer that has passed it on is told, and tells the operator; nothing
// here waits, and what an observer says is believed no further than an operator's word. Master
// only.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "ipc/base/process_id.h"
#include "ipc/frames.h"
#include "workers/master/commands.h"
#include "workers/master/handover.h"
#include "workers/supervision/supervisor.h"

namespace prefork::master {

class PendingCommands {
 public:
  // So many may wait; more are refused.
  static constexpr std::size_t kMost = 64;

  using Answer = std::function<void(ipc::Place observer, const ipc::OutcomeFrame& outcome)>;

  // Both outlive it.
  PendingCommands(const supervision::Supervisor& supervisor, Commands& commands, Answer answer);

  // Obeys. `observer`: where it came from.
  void take(ipc::Place observer, const ipc::CommandFrame& command);
  // `reason`: the notice's failure in words, where it has one.
  void note(const supervision::action::Notice& notice, const std::string& reason);
  // Answers those that have happened.
  void settle();
  // All workers are gone; the observer is the next. The last moment in which it can tell.
  void stopped();
  // An upgrade has come to its end, or the new program has taken over: then those that wait for
  // that are answered, and the others wait for `generation`.
  void end_upgrade(ipc::Verdict verdict, const std::string& text);
  void taken_over(supervision::Generation generation);
  // Those that wait, for the next program of this process, and as the one before has left them.
  void hand_over(Handover& handover) const;
  void restore(const Handover& handover);
  // Nobody is left to be told.
  void forget(ipc::Place observer);

 private:
  // `generation`: of a reload; `old`: of the process that is to be replaced.
  using Pending = Handover::Command;

  [[nodiscard]] Pending pending_of(ipc::Place observer, const ipc::CommandFrame& command) const;
  CommandResult obey(const ipc::CommandFrame& command);
  [[nodiscard]] bool is_waited_for(const Pending& pending) const;
  // What is in the way for good; empty: nothing.
  [[nodiscard]] std::string obstacle(const Pending& pending) const;
  [[nodiscard]] bool has_happened(const Pending& pending) const;
  [[nodiscard]] bool is_empty(std::uint32_t slot) const;
  [[nodiscard]] bool serves_anew(const Pending& pending) const;
  [[nodiscard]] bool is_scaled() const;
  [[nodiscard]] bool concerns(const Pending& pending,
                              const supervision::action::Notice& notice) const;
  void answer(const Pending& pending, ipc::Verdict verdict, std::string text) const;

  const supervision::Supervisor& supervisor_;
  Commands& commands_;
  Answer answer_;
  std::vector<Pending> pending_;
};

}  // namespace prefork::master
