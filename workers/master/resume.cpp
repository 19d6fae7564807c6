#include "workers/master/resume.h"

#include <fcntl.h>
#include <unistd.h>

#include <cstdio>
#include <exception>
#include <memory>
#include <optional>
#include <utility>

#include "ipc/base/error_text.h"
#include "workers/child/child.h"
#include "workers/child/file_limit.h"
#include "workers/child/log.h"
#include "workers/child/process_limits.h"
#include "workers/child/process_title.h"
#include "workers/master/inheritance.h"
#include "workers/master/master.h"
#include "workers/master/next_program.h"
#include "workers/master/plans.h"

namespace prefork::master {

namespace {

// What a new program is made of. What is in here is never given up again where the program before
// has to take over: closing the sockets would end the listening for all who share them.
struct Restored {
  child::Log log;
  Signals signals;
  ControlSocket control;
  PidFile pid_file;
  std::vector<SharedPlan> plans;
  std::optional<Master> master;

  explicit Restored(const Handover& before)
      : log(log_place(before)),
        signals(before.outlives_terminal),
        control(before.descriptors.control_socket >= 0
                    ? ControlSocket(duplicate(before.descriptors.control_socket),
                                    before.control_path, before.control_file)
                    : ControlSocket()) {
    log.set_name("master");
  }

  static child::Log::Place log_place(const Handover& before) {
    child::Log::Place place = before.log;
    place.file = place.file >= 0 ? duplicate(place.file).release() : -1;
    place.torn_mark = place.torn_mark >= 0 ? duplicate(place.torn_mark).release() : -1;
    return place;
  }
};

config::Result<void> problem_in(const config::Loaded& loaded) {
  if (loaded.action == config::Action::run) {
    return {};
  }
  std::string text;
  for (const config::ConfigError& error : loaded.errors) {
    text += (text.empty() ? "" : "; ") + error.source + ": " + error.message;
  }
  return config::Problem{text.empty() ? "the arguments do not start a server" : text};
}

// All but what would change something: the shared memory is mapped, the plans are made.
config::Result<void> restore_dry(const Handover& before) {
  try {
    const Commons commons(before);
    auto plans = Plans::restore(before);
    if (!plans.ok()) {
      return plans.problem();
    }
    // Kept for ever: see Restored.
    static std::vector<SharedPlan> kept;
    kept = plans.value().living();
    Children children;
    children.restore(before);
  } catch (const std::exception& error) {
    return config::Problem{child::describe_failure(error)};
  }
  return {};
}

// Returns where that has failed too.
std::string go_back(const ResumeOrder& order, const std::vector<std::string>& arguments,
                    const config::Environment& environment, const std::string& why) {
  if (order.program < 0) {
    return why;
  }
  ResumeOrder back;
  back.state = order.state;
  back.failure = why;
  const int error = become({"", order.program, to_arguments(back, arguments)}, environment);
  return why +
         "; the program before could not be started again: " + std::string(ipc::error_text(error));
}

config::ExitCode give_up(const std::string& why, Restored* restored) {
  const std::string text = "the upgrade failed, and no program can go on; the workers end: " + why;
  if (restored != nullptr) {
    restored->log.critical(text);
  }
  child::tell_standard_error("prefork-server: " + text);
  return config::ExitCode::system_error;
}

// Throws std::exception, or a problem is returned.
config::Result<void> restore(Restored& restored, Handover before, const ResumeOrder& order,
                             std::vector<std::string> arguments, config::Environment environment,
                             child::ChildMains mains) {
  auto plans = Plans::restore(before);
  if (!plans.ok()) {
    return plans.problem();
  }
  restored.plans = plans.value().living();
  const supervision::Generation generation = before.supervisor.wanted.generation;
  std::string path = before.program;
  restored.master.emplace(Master::Start{
      restored.log, restored.signals, restored.control, restored.pid_file, std::move(plans).value(),
      generation, std::move(arguments), std::move(environment), std::move(mains),
      ServiceManager::take_from_environment(), Origin{std::move(path), std::move(before), order}});
  return {};
}

}  // namespace

void check_resumption(const ResumeOrder& order, const config::Loaded& loaded) {
  auto fine = problem_in(loaded);
  if (fine.ok()) {
    const auto before = read_handover(order.state);
    fine = before.ok() ? restore_dry(before.value()) : config::Result<void>(before.problem());
  }
  const bool can = fine.ok();
  const std::string text =
      can ? std::string(kCanGoOn) : "prefork-server: " + fine.problem().text + "\n";
  const int output = can ? STDOUT_FILENO : STDERR_FILENO;
  const bool is_told =
      ::write(output, text.data(), text.size()) == static_cast<ssize_t>(text.size());
  child::leave(
      config::to_int(can && is_told ? config::ExitCode::stopped : config::ExitCode::system_error));
}

config::ExitCode resume_master(const ResumeOrder& order, const config::Loaded& loaded,
                               std::vector<std::string> arguments, config::Environment environment,
                               child::ChildMains mains) {
  child::set_process_title("master");
  // Never given up where the program before takes over; see Restored.
  std::unique_ptr<Restored> restored;
  std::string problem;
  const auto read = read_handover(order.state);
  // The program before goes on whatever has become of its configuration.
  const auto fine = order.failure.empty() ? problem_in(loaded) : config::Result<void>();
  if (!read.ok() || !fine.ok()) {
    problem = read.ok() ? fine.problem().text : read.problem().text;
  } else {
    const Handover& before = read.value();
    try {
      child::remember_file_limit(before.file_limit);
      restored = std::make_unique<Restored>(before);
      const auto done = restore(*restored, before, order, arguments, environment, std::move(mains));
      problem = done.ok() ? "" : done.problem().text;
    } catch (const std::exception& error) {
      problem = child::describe_failure(error);
    }
  }
  if (!problem.empty()) {
    const auto& known = read.ok() ? read.value().arguments : arguments;
    return give_up(go_back(order, known, environment, problem), restored.release());
  }
  restored->plans.clear();
  if (const int pid_file = read.value().descriptors.pid_file; pid_file >= 0) {
    ::fcntl(pid_file, F_SETFD, FD_CLOEXEC);
    restored->pid_file.adopt(read.value().pid_path, ipc::OwnedFd(pid_file));
  }
  return restored->master->run();
}

}  // namespace prefork::master
