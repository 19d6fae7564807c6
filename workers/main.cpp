// prefork-server: reads what it is asked to do, then becomes the master.
#include <fcntl.h>
#include <unistd.h>

#include <cstdio>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "config/exit_code.h"
#include "config/load.h"
#include "workers/master.h"
#include "workers/new_project.h"
#include "workers/process_title.h"

namespace {

prefork::ExitCode make_project(const std::string& path) {
  const auto made = prefork::make_new_project(path);
  if (const auto* problem = std::get_if<prefork::Problem>(&made)) {
    std::fprintf(stderr, "%s\n", prefork::to_line({"new", problem->text}).c_str());
    return prefork::ExitCode::configuration;
  }
  std::fputs(std::get<std::string>(made).c_str(), stdout);
  return prefork::ExitCode::stopped;
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
  prefork::Environment environment = prefork::current_environment();
  prefork::Loaded loaded = prefork::load_options(arguments, environment);
  switch (loaded.action) {
    case prefork::Action::print_and_exit:
      std::fputs(loaded.output.c_str(), stdout);
      return prefork::to_int(prefork::ExitCode::stopped);
    case prefork::Action::new_project:
      return prefork::to_int(make_project(loaded.new_project));
    case prefork::Action::fail:
      for (const prefork::ConfigError& error : loaded.errors) {
        std::fprintf(stderr, "%s\n", prefork::to_line(error).c_str());
      }
      return prefork::to_int(prefork::ExitCode::configuration);
    case prefork::Action::run:
      break;
  }
  prefork::prepare_process_title(argc, argv);
  prefork::Master master(std::move(loaded.options), std::move(arguments), std::move(environment));
  return prefork::to_int(master.run());
}
