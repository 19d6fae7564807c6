// prefork-server: reads what it is asked to do, then becomes the master.
#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <string>
#include <utility>
#include <vector>

#include "config/load.h"
#include "config/values/exit_code.h"
#include "ipc/base/error_text.h"
#include "workers/child/process_title.h"
#include "workers/child/spawned_child.h"
#include "workers/doctor/findings.h"
#include "workers/master/application_check.h"
#include "workers/master/listening_socket.h"
#include "workers/master/resume.h"
#include "workers/master/resume_order.h"
#include "workers/master/start.h"
#include "workers/observer/observer.h"
#include "workers/replay/replay.h"
#include "workers/scaffold/new_project.h"
#include "workers/selftest/selftest.h"
#include "workers/symbols/symbolizer_main.h"
#include "workers/task/task_process.h"
#include "workers/worker/worker.h"

namespace {

// Nobody has been answered who has not got it all.
prefork::config::ExitCode print(const std::string& answer) {
  if (std::fputs(answer.c_str(), stdout) < 0 || std::fflush(stdout) != 0) {
    const int error = errno;
    std::fprintf(stderr, "prefork-server: cannot write to standard output: %s\n",
                 prefork::ipc::error_text(error).data());
    return prefork::config::ExitCode::system_error;
  }
  return prefork::config::ExitCode::stopped;
}

prefork::config::ExitCode make_project(const prefork::config::Loaded& loaded) {
  const auto made = prefork::scaffold::make_new_project(loaded.new_project, loaded.new_kind);
  if (!made.ok()) {
    std::fprintf(stderr, "%s\n", prefork::config::to_line({"new", made.problem().text}).c_str());
    return prefork::config::ExitCode::configuration;
  }
  return print(made.value());
}

// `prefork-server doctor [OPTION]...` examines the machine for a server with these options. A
// folder of that name is served as ./doctor.
bool take_doctor_command(std::vector<std::string>& arguments) {
  if (arguments.empty() || arguments.front() != "doctor") {
    return false;
  }
  arguments.erase(arguments.begin());
  return true;
}

prefork::config::ExitCode examine(const prefork::config::Options& options) {
  const auto findings = prefork::doctor::judge(prefork::doctor::read_facts(), options);
  const auto printed = print(prefork::doctor::to_text(findings));
  return prefork::doctor::is_fit(findings) ? printed : prefork::config::ExitCode::system_error;
}

// Of a command that has arguments of its own.
bool asks_for_help(const std::vector<std::string>& arguments) {
  return arguments.size() == 2 && (arguments.back() == "--help" || arguments.back() == "-h");
}

// `prefork-server selftest [ARGUMENT]...` is no server that takes options; ./selftest is a folder.
prefork::config::ExitCode test_self(const std::vector<std::string>& arguments) {
  if (asks_for_help(arguments)) {
    return print(prefork::selftest::usage() + "\n");
  }
  const auto order =
      prefork::selftest::read_selftest_order({arguments.begin() + 1, arguments.end()});
  if (!order.ok()) {
    std::fprintf(stderr, "prefork-server: %s\n", order.problem().text.c_str());
    return prefork::config::ExitCode::configuration;
  }
  return prefork::selftest::run_selftest(order.value());
}

// `prefork-server replay FILE [ARGUMENT]...` likewise.
prefork::config::ExitCode replay(const std::vector<std::string>& arguments) {
  if (asks_for_help(arguments)) {
    return print(prefork::replay::usage() + "\n");
  }
  const auto order = prefork::replay::read_replay_order({arguments.begin() + 1, arguments.end()});
  if (!order.ok()) {
    std::fprintf(stderr, "prefork-server: %s\n", order.problem().text.c_str());
    return prefork::config::ExitCode::configuration;
  }
  return prefork::replay::run_replay(order.value());
}

prefork::config::ExitCode check(const prefork::config::Loaded& loaded) {
  for (const prefork::config::Bind& bind : loaded.options.listening.binds) {
    if (const auto fine = prefork::master::check_inherited(bind); !fine.ok()) {
      std::fprintf(stderr, "prefork-server: %s\n", fine.problem().message.c_str());
      return fine.problem().code;
    }
  }
  if (const auto fine = prefork::master::check_application(loaded.options); !fine.ok()) {
    std::fprintf(stderr, "prefork-server: %s\n", fine.problem().text.c_str());
    return prefork::config::ExitCode::application_failed;
  }
  return print(loaded.output);
}

// The program is the next one of a master that runs; see workers/master/upgrade.h.
int go_on(const prefork::master::ResumeOrder& order, std::vector<std::string> arguments,
          const prefork::child::ChildMains& mains, int argc, char** argv) {
  prefork::config::Environment environment = prefork::config::current_environment();
  const prefork::config::Loaded loaded =
      prefork::config::load_options(arguments, environment, prefork::config::LoadPhase::reload);
  if (order.is_check) {
    prefork::master::check_resumption(order, loaded);
  }
  prefork::child::prepare_process_title(argc, argv);
  return prefork::config::to_int(prefork::master::resume_master(order, loaded, std::move(arguments),
                                                                std::move(environment), mains));
}

// Started without standard descriptors, their numbers would go to sockets, and log lines into them.
void fill_standard_descriptors() {
  int fd = 0;
  do {
    fd = ::open("/dev/null", O_RDWR);
  } while (fd >= 0 && fd <= STDERR_FILENO);
  ::close(fd);
}

}  // namespace

int main(int argc, char** argv) {
  fill_standard_descriptors();
  std::vector<std::string> arguments(argv + (argc > 0 ? 1 : 0), argv + argc);
  const prefork::child::ChildMains mains{prefork::worker::run_worker, prefork::task::run_task,
                                         prefork::observer::run_observer};
  if (prefork::child::are_start_order(arguments)) {
    prefork::child::prepare_process_title(argc, argv);
    return prefork::child::run_spawned_child(arguments, mains);
  }
  if (arguments.size() == 1 && arguments.front() == prefork::symbols::kSymbolizeArgument) {
    return prefork::symbols::run_symbolizer();
  }
  if (!arguments.empty() && arguments.front() == prefork::selftest::kSelftestArgument) {
    return prefork::config::to_int(test_self(arguments));
  }
  if (const auto order = prefork::master::take_resume_order(arguments)) {
    return go_on(*order, std::move(arguments), mains, argc, argv);
  }
  if (!arguments.empty() && arguments.front() == prefork::replay::kReplayArgument) {
    return prefork::config::to_int(replay(arguments));
  }
  const bool examines = take_doctor_command(arguments);
  prefork::config::Environment environment = prefork::config::current_environment();
  prefork::config::Loaded loaded = prefork::config::load_options(arguments, environment);
  switch (loaded.action) {
    case prefork::config::Action::print_and_exit:
      return prefork::config::to_int(print(loaded.output));
    case prefork::config::Action::check:
      return prefork::config::to_int(check(loaded));
    case prefork::config::Action::new_project:
      return prefork::config::to_int(make_project(loaded));
    case prefork::config::Action::fail:
      for (const prefork::config::ConfigError& error : loaded.errors) {
        std::fprintf(stderr, "%s\n", prefork::config::to_line(error).c_str());
      }
      return prefork::config::to_int(prefork::config::ExitCode::configuration);
    case prefork::config::Action::run:
      break;
  }
  if (examines) {
    return prefork::config::to_int(examine(loaded.options));
  }
  prefork::child::prepare_process_title(argc, argv);
  return prefork::config::to_int(prefork::master::run_master(loaded.options, std::move(arguments),
                                                             std::move(environment), mains));
}
