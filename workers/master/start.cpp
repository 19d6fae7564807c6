#include "workers/master/start.h"

#include <sys/stat.h>

#include <cerrno>
#include <optional>
#include <system_error>
#include <utility>

#include "workers/child/file_limit.h"
#include "workers/child/log.h"
#include "workers/child/process_limits.h"
#include "workers/child/process_title.h"
#include "workers/master/control_socket.h"
#include "workers/master/log_files.h"
#include "workers/master/master.h"
#include "workers/master/pid_file.h"
#include "workers/master/program_path.h"
#include "workers/master/serving_plan.h"
#include "workers/master/signals.h"

namespace prefork::master {

namespace {

config::ExitCode fail(config::ExitCode code, const std::string& problem) {
  child::tell_standard_error("prefork-server: " + problem);
  return code;
}

// Only a place that somebody has chosen has to be had.
config::Result<ControlSocket, ListenError> make_control_socket(
    const config::Options& options, const config::Environment& environment, child::Log& log) {
  if (!options.control.is_on) {
    return ControlSocket();
  }
  auto opened = open_control_socket(options.control, control_surroundings(environment));
  if (!opened.ok() && options.control.path.empty()) {
    log.warning(opened.problem().message + "; the server runs without a control socket");
    return ControlSocket();
  }
  if (opened.ok()) {
    log.debug("control socket: " + opened.value().path());
    if (options.service.account) {
      opened.value().give_to(*options.service.account);
    }
  }
  return opened;
}

}  // namespace

config::ExitCode run_master(const config::Options& options, std::vector<std::string> arguments,
                            config::Environment environment, child::ChildMains mains) {
  const config::ServiceOptions& service = options.service;
  if (service.umask) {
    ::umask(*service.umask);
  }
  PidFile pid_file;
  if (!service.pidfile.empty()) {
    if (const auto taken = pid_file.take(service.pidfile); !taken.ok()) {
      return fail(config::ExitCode::configuration, "--pidfile: " + taken.problem().text);
    }
  }
  provide_log_files(options);
  child::Log log;
  const auto opened = log.open(options.logging.file, options.logging.level);
  if (!opened.ok()) {
    return fail(config::ExitCode::configuration, "--log-file: " + opened.problem().text);
  }
  ServiceManager manager = ServiceManager::take_from_environment();
  child::set_process_title("master");
  child::raise_file_limit();
  std::optional<Signals> signals;
  std::optional<ControlSocket> control;
  std::optional<Master> master;
  try {
    // First: a signal from here on waits until everything can be undone.
    signals.emplace();
    auto plan = make_serving_plan(options, {});
    if (!plan.ok()) {
      return fail(plan.problem().code, plan.problem().message);
    }
    auto made = make_control_socket(options, environment, log);
    if (!made.ok()) {
      return fail(made.problem().code, made.problem().message);
    }
    control.emplace(std::move(made).value());
    Origin origin{find_program_path(program_invocation_name, environment), std::nullopt, {}};
    master.emplace(Master::Start{log, *signals, *control, pid_file, Plans(std::move(plan).value()),
                                 Plans::kFirst, std::move(arguments), std::move(environment),
                                 std::move(mains), std::move(manager), std::move(origin)});
  } catch (const std::system_error& error) {
    return fail(config::ExitCode::system_error, child::describe_failure(error));
  }
  return master->run();
}

}  // namespace prefork::master
