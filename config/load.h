// Reads the configuration: command line over environment over file over default. It collects every
// error instead of stopping at the first, throws nothing, binds nothing, starts nothing and keeps
// no state, so the master calls it at the start and again on SIGHUP to re-read the file.
//
// $PORT is the default of --port, $WEB_CONCURRENCY of --workers, $FORWARDED_ALLOW_IPS of
// --forwarded-allow-ips. How the options about listening combine is told in listening.h.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "config/base/config_error.h"
#include "config/options/options.h"
#include "config/sources/environment.h"
#include "config/sources/load_phase.h"

namespace prefork::config {

enum class Action {
  run,
  print_and_exit,  // `output` is the answer (--help, --version, --print-config)
  check,           // the configuration is fine, and `output` says so: is the application, too?
  new_project,     // make a folder at `new_project`
  fail,            // `errors` says why; exit with ExitCode::configuration
};

struct Loaded {
  Action action = Action::fail;
  Options options;                  // complete and checked when `action` is run or check
  std::string output;               // for standard output, ends with a newline
  std::string new_project;          // see new_command.h
  std::vector<ConfigError> errors;  // empty unless `action` is fail
  std::string new_kind{};           // of the folder; empty: an application to begin with
};

// `arguments` is the command line without the program's name.
Loaded load_options(std::span<const std::string> arguments, const Environment& environment,
                    LoadPhase phase = LoadPhase::start);

}  // namespace prefork::config
