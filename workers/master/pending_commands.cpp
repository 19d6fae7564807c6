#include "workers/master/pending_commands.h"

#include <exception>
#include <utility>

#include "config/options/log_options.h"

namespace prefork::master {

using ipc::CommandKind;
using supervision::NoticeKind;

namespace {

constexpr std::string_view kServerStops = "the server is stopping";

std::string all_of(const Problems& problems) {
  std::string text;
  for (const config::Problem& problem : problems) {
    text += (text.empty() ? "" : "; ") + problem.text;
  }
  return text;
}

std::string why_of(const ipc::CommandFrame& command) {
  std::string why = command.sender == ipc::kAdminListener ? "admin listener" : "preforkctl";
  if (command.sender > 0) {
    why += " (pid " + std::to_string(command.sender) + ")";
  }
  why += ": ";
  why += ipc::to_string(command.kind);
  switch (command.kind) {
    case CommandKind::restart:
    case CommandKind::scale:
    case CommandKind::drain:
      return why + " " + std::to_string(command.argument);
    case CommandKind::log_level: {
      config::Options options;
      options.logging.level = static_cast<config::LogLevel>(command.argument);
      for (const std::string& name : config::log_level_texts(options)) {
        why += " " + name;
      }
      return why;
    }
    default:
      return why;
  }
}

bool is_loss_while_booting(const supervision::action::Notice& notice) {
  return notice.failure && notice.failure->kind != supervision::FailureKind::crashed &&
         notice.failure->kind != supervision::FailureKind::silent;
}

}  // namespace

PendingCommands::PendingCommands(const supervision::Supervisor& supervisor, Commands& commands,
                                 Answer answer)
    : supervisor_(supervisor), commands_(commands), answer_(std::move(answer)) {}

PendingCommands::Pending PendingCommands::pending_of(ipc::Place observer,
                                                     const ipc::CommandFrame& command) const {
  Pending pending{observer, command.id, command.kind, command.argument};
  pending.generation = commands_.next_generation();
  if (command.kind == CommandKind::restart && command.argument < supervisor_.workers()) {
    const auto at = supervisor_.current(command.argument);
    const bool serves = at && supervisor_.seat(*at).state == ipc::ProcessState::ready;
    pending.old = serves ? supervisor_.seat(*at).epoch : 0;
  }
  return pending;
}

// Noted before it is obeyed: what follows at once may decide it.
void PendingCommands::take(ipc::Place observer, const ipc::CommandFrame& command) {
  const Pending pending = pending_of(observer, command);
  if (pending_.size() >= kMost) {
    return answer(pending, ipc::Verdict::refused, "too many commands wait for their end already");
  }
  pending_.push_back(pending);
  ipc::Verdict verdict = ipc::Verdict::done;
  std::string text;
  try {
    const CommandResult result = obey(command);
    verdict = result.ok() ? ipc::Verdict::done : ipc::Verdict::refused;
    text = all_of(result.problems);
  } catch (const std::exception& error) {
    verdict = ipc::Verdict::failed;
    text = error.what();
  }
  if (verdict == ipc::Verdict::done && is_waited_for(pending)) {
    return;
  }
  const auto is_this = [&pending](const Pending& one) {
    return one.observer == pending.observer && one.id == pending.id;
  };
  if (std::erase_if(pending_, is_this) != 0) {
    answer(pending, verdict, std::move(text));
  }
}

CommandResult PendingCommands::obey(const ipc::CommandFrame& command) {
  const std::string why = why_of(command);
  switch (command.kind) {
    case CommandKind::stop:
      return commands_.stop(why + ": requests that run may finish");
    case CommandKind::reload:
      return commands_.reload(why);
    case CommandKind::upgrade:
      return commands_.upgrade(why);
    case CommandKind::restart:
      return commands_.restart(command.argument, why);
    case CommandKind::scale:
      return commands_.scale(command.argument, why);
    case CommandKind::drain:
      return commands_.drain(command.argument, why);
    case CommandKind::reopen_logs:
      return commands_.reopen_logs(why);
    case CommandKind::log_level:
      if (command.argument >= ipc::kLogLevels) {
        return {{{"there is no such log level"}}};
      }
      return commands_.set_log_level(static_cast<config::LogLevel>(command.argument), why);
    case CommandKind::statistics:
    case CommandKind::configuration:
      break;
  }
  return {{{"the master has no answer to that"}}};
}

bool PendingCommands::is_waited_for(const Pending& pending) const {
  switch (pending.kind) {
    case CommandKind::stop:
    case CommandKind::restart:
    case CommandKind::scale:
    case CommandKind::drain:
    case CommandKind::upgrade:
      return true;
    case CommandKind::reload:
      return pending.argument != 0;
    default:
      return false;
  }
}

void PendingCommands::answer(const Pending& pending, ipc::Verdict verdict, std::string text) const {
  answer_(pending.observer, {pending.id, verdict, std::move(text)});
}

// Whether the notice means that the command will not succeed.
bool PendingCommands::concerns(const Pending& pending,
                               const supervision::action::Notice& notice) const {
  switch (notice.kind) {
    case NoticeKind::reload_aborted:
    case NoticeKind::rollback_started:
      return pending.kind == CommandKind::reload && notice.generation == pending.generation;
    case NoticeKind::reload_started:
      // Those before it are over, or another has taken their place while they waited.
      return pending.kind == CommandKind::reload && notice.generation > pending.generation;
    case NoticeKind::recycle_aborted:
      return pending.kind == CommandKind::restart && notice.at->slot == pending.argument;
    case NoticeKind::restart_delayed:
    case NoticeKind::slot_failed:
      if (!is_loss_while_booting(notice)) {
        return false;
      }
      return (pending.kind == CommandKind::restart && notice.at->slot == pending.argument) ||
             (pending.kind == CommandKind::scale && notice.at->slot < pending.argument);
    default:
      return false;
  }
}

void PendingCommands::note(const supervision::action::Notice& notice, const std::string& reason) {
  if (notice.kind == NoticeKind::reload_finished) {
    std::erase_if(pending_, [&](const Pending& pending) {
      const bool is_replacement =
          pending.kind == CommandKind::reload || pending.kind == CommandKind::upgrade;
      const bool serves = is_replacement && pending.generation == notice.generation;
      if (serves) {
        answer(pending, ipc::Verdict::done, "");
      }
      return serves;
    });
    return;
  }
  std::erase_if(pending_, [&](const Pending& pending) {
    if (!concerns(pending, notice)) {
      return false;
    }
    const bool is_superseded = notice.kind == NoticeKind::reload_started;
    answer(pending, ipc::Verdict::failed,
           is_superseded     ? "a later reload has taken its place"
           : !notice.failure ? std::string(kServerStops)
                             : reason);
    return true;
  });
}

std::string PendingCommands::obstacle(const Pending& pending) const {
  if (pending.kind == CommandKind::stop) {
    return "";
  }
  if (supervisor_.stopping()) {
    return std::string(kServerStops);
  }
  switch (pending.kind) {
    case CommandKind::restart:
      if (pending.argument >= supervisor_.workers() ||
          supervisor_.slots()[pending.argument].want != supervision::Want::run) {
        return "the worker was taken away meanwhile";
      }
      return "";
    case CommandKind::scale:
      return supervisor_.workers() == pending.argument
                 ? ""
                 : "another number of workers was asked for meanwhile";
    case CommandKind::drain:
      // With fewer workers wanted it is not wanted either.
      return supervisor_.slots()[pending.argument].want != supervision::Want::run
                 ? ""
                 : "the worker was asked to serve again meanwhile";
    default:
      return "";
  }
}

bool PendingCommands::is_empty(std::uint32_t slot) const {
  for (const supervision::Seat& seat : supervisor_.slots()[slot].seats) {
    if (seat.occupied()) {
      return false;
    }
  }
  return true;
}

bool PendingCommands::serves_anew(const Pending& pending) const {
  const auto at = supervisor_.current(pending.argument);
  return at && supervisor_.seat(*at).state == ipc::ProcessState::ready &&
         supervisor_.seat(*at).epoch != pending.old;
}

// Those that are wanted serve, and the others are gone.
bool PendingCommands::is_scaled() const {
  for (std::uint32_t slot = 0; slot < supervisor_.observer_slot(); ++slot) {
    if (supervisor_.slots()[slot].want != supervision::Want::run) {
      if (!is_empty(slot)) {
        return false;
      }
      continue;
    }
    const auto at = supervisor_.current(slot);
    if (!at || supervisor_.seat(*at).state != ipc::ProcessState::ready) {
      return false;
    }
  }
  return true;
}

bool PendingCommands::has_happened(const Pending& pending) const {
  switch (pending.kind) {
    case CommandKind::restart:
      return serves_anew(pending);
    case CommandKind::scale:
      return is_scaled();
    case CommandKind::drain:
      return is_empty(pending.argument);
    default:
      return false;  // notices tell
  }
}

void PendingCommands::settle() {
  std::erase_if(pending_, [this](const Pending& pending) {
    if (std::string text = obstacle(pending); !text.empty()) {
      answer(pending, ipc::Verdict::failed, std::move(text));
      return true;
    }
    if (has_happened(pending)) {
      answer(pending, ipc::Verdict::done, "");
      return true;
    }
    return false;
  });
}

void PendingCommands::end_upgrade(ipc::Verdict verdict, const std::string& text) {
  std::erase_if(pending_, [&](const Pending& pending) {
    const bool was_asked_for = pending.kind == CommandKind::upgrade;
    if (was_asked_for) {
      answer(pending, verdict, text);
    }
    return was_asked_for;
  });
}

void PendingCommands::taken_over(supervision::Generation generation) {
  std::erase_if(pending_, [&](Pending& pending) {
    if (pending.kind != CommandKind::upgrade) {
      return false;
    }
    pending.generation = generation;
    const bool is_done = pending.argument == 0;
    if (is_done) {
      answer(pending, ipc::Verdict::done, "");
    }
    return is_done;
  });
}

void PendingCommands::hand_over(Handover& handover) const { handover.commands = pending_; }

void PendingCommands::restore(const Handover& handover) { pending_ = handover.commands; }

void PendingCommands::stopped() {
  std::erase_if(pending_, [this](const Pending& pending) {
    const bool was_asked_for = pending.kind == CommandKind::stop;
    if (was_asked_for) {
      answer(pending, ipc::Verdict::done, "");
    }
    return was_asked_for;
  });
}

void PendingCommands::forget(ipc::Place observer) {
  std::erase_if(pending_,
                [observer](const Pending& pending) { return pending.observer == observer; });
}

}  // namespace prefork::master
