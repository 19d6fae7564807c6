// The exit codes of the program, and the lines `--help` shows for them. They are protocol:
// supervisors and scripts act on them, and the master acts on those of its workers (a worker ends
// with `stopped`, `no_worker_booted` or `application_failed`; anything else is a crash). The only
// table: it is here because the help, too, has to reach it.
#pragma once

#include <array>
#include <string_view>

namespace prefork::config {

enum class ExitCode : int {
  stopped = 0,
  system_error = 1,
  configuration = 2,
  no_worker_booted = 3,
  application_failed = 4,
  address_in_use = 5,
  no_permission_to_bind = 6,
  cannot_bind = 7,
  requests_cut = 8,
  worker_died = 9,
};

constexpr int to_int(ExitCode code) { return static_cast<int>(code); }

struct ExitCodeText {
  ExitCode code;
  std::string_view text;
};

inline constexpr std::array kExitCodeTexts = {
    ExitCodeText{ExitCode::stopped, "stopped as asked"},
    ExitCodeText{ExitCode::system_error, "unexpected error of the operating system"},
    ExitCodeText{ExitCode::configuration, "the configuration has errors"},
    ExitCodeText{ExitCode::no_worker_booted, "no worker could boot"},
    ExitCodeText{ExitCode::application_failed, "the application failed to load"},
    ExitCodeText{ExitCode::address_in_use, "address in use"},
    ExitCodeText{ExitCode::no_permission_to_bind, "no permission to bind the address"},
    ExitCodeText{ExitCode::cannot_bind, "the address cannot be bound for another reason"},
    ExitCodeText{ExitCode::requests_cut, "stopped as asked, but running requests were cut"},
    ExitCodeText{ExitCode::worker_died, "replay: the worker has died again"},
};

}  // namespace prefork::config
