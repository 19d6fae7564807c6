// The commands and options of preforkctl, as its help, its man page and the completions of shells
// show them. Constant data; the only table.
#pragma once

#include <array>
#include <string_view>

namespace prefork::config {

struct ControlCommand {
  std::string_view name;
  std::string_view argument;  // empty: none
  std::string_view help;
};

inline constexpr std::array kControlCommands = {
    ControlCommand{"status", "",
                   "Whether the server serves: 0 while a worker is ready, else 1 with the reason."},
    ControlCommand{"workers", "", "A line for each worker."},
    ControlCommand{"top", "",
                   "A live view of workers, requests in hand, rates and percentiles; q ends it. "
                   "With --once one frame, which needs no terminal."},
    ControlCommand{"config", "", "The configuration in force, each option by its name in a file."},
    ControlCommand{"last-words", "", "What was known of the last workers that died."},
    ControlCommand{"reload", "",
                   "Read the configuration again and replace every worker. Done when it has begun; "
                   "with --wait when the new generation serves, and 1 with the reason when it was "
                   "refused or given up."},
    ControlCommand{"upgrade", "",
                   "Go on as the program that lies at the server's path by now, in the same "
                   "process and without losing a connection, and replace every worker. Done when "
                   "the new program has taken over; with --wait when its workers serve, and 1 with "
                   "the reason when it was refused or given up."},
    ControlCommand{"restart", "SLOT",
                   "Start a successor of this worker, then let it finish its requests and leave. "
                   "Done when the successor serves. Fills a slot that was drained."},
    ControlCommand{"scale", "N",
                   "Have this many workers, at most the larger of twice and eight more than the "
                   "server was started with. Done when they serve and the others are gone. Fills "
                   "slots that were drained."},
    ControlCommand{"drain", "SLOT",
                   "Let this worker finish its requests and leave; done when it is gone. Its slot "
                   "stays empty, across reloads too, until `restart SLOT` or `scale N`. The last "
                   "worker cannot be drained."},
    ControlCommand{"reopen-logs", "", "Open the log files anew, after they were moved away."},
    ControlCommand{"log-level", "LEVEL",
                   "The least severity that every process logs, until the next reload: trace, "
                   "debug, info, warning, error, critical or off."},
    ControlCommand{"stop", "",
                   "Let running requests finish and end the server; done when it is gone."},
};

struct ControlOption {
  std::string_view name;         // without dashes
  std::string_view placeholder;  // empty: a switch
  std::string_view help;
};

inline constexpr std::array kControlOptions = {
    ControlOption{"socket", "PATH",
                  "The server's --control. [$PREFORK_CONTROL, else that of the only server that "
                  "runs]"},
    ControlOption{"json", "", "Answer in JSON."},
    ControlOption{"timeout", "TIME",
                  "Give up after 500ms, 30s, 2m or 1h; off waits for ever. [10s; 5m for what "
                  "changes something]"},
    ControlOption{"wait", "", "For reload and upgrade, until the new generation serves."},
    ControlOption{"once", "", "For top, one frame."},
    ControlOption{"interval", "TIME", "For top, the time between two frames. [1s; 100ms to 1h]"},
    ControlOption{"version", "", "Print the version and exit."},
    ControlOption{"help", "", "Print this text and exit; also -h."},
};

struct ControlExitCode {
  int code;
  std::string_view text;
};

inline constexpr std::array kControlExitCodes = {
    ControlExitCode{0, "done"},
    ControlExitCode{1, "refused or failed; the reason is on standard error"},
    ControlExitCode{2, "not understood, or several servers run and none was named"},
    ControlExitCode{3, "no server is there"},
    ControlExitCode{124, "not answered in time; it may still happen"},
};

}  // namespace prefork::config
