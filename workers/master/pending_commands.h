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
  // Nobody is left to be told.
  void forget(ipc::Place observer);

 private:
  struct Pending {
    ipc::Place observer;
    std::uint64_t id = 0;
    ipc::CommandKind kind = ipc::CommandKind::stop;
    std::uint32_t argument = 0;
    supervision::Generation generation = 0;  // of a reload
    supervision::Epoch old = 0;              // of the process that is to be replaced
  };

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
