// What the help and the man pages say beside the table of options. Constant data, and how an
// option's default and range are shown.
#pragma once

#include <array>
#include <string>
#include <string_view>

#include "config/options/option_table.h"

namespace prefork::config {

struct OptionGroupTitle {
  OptionGroup group;
  std::string_view title;
};

inline constexpr std::array kOptionGroupTitles = {
    OptionGroupTitle{OptionGroup::listening,
                     "Listening (--bind, --uds, --fd or --host with --port)"},
    OptionGroupTitle{OptionGroup::processes, "Processes"},
    OptionGroupTitle{OptionGroup::timeouts, "Timeouts"},
    OptionGroupTitle{OptionGroup::limits, "Limits (nothing is unbounded)"},
    OptionGroupTitle{OptionGroup::proxies, "Behind a proxy"},
    OptionGroupTitle{OptionGroup::responses, "Responses"},
    OptionGroupTitle{OptionGroup::static_files, "Static files (where PATH is a folder)"},
    OptionGroupTitle{OptionGroup::development, "Development"},
    OptionGroupTitle{OptionGroup::admin, "Admin"},
    OptionGroupTitle{OptionGroup::logging, "Logging"},
    OptionGroupTitle{OptionGroup::service, "As a service"},
    OptionGroupTitle{OptionGroup::demo, "Demo application"},
    OptionGroupTitle{OptionGroup::general, "General"},
};

struct SignalText {
  std::string_view signals;
  std::string_view text;
};

inline constexpr std::array kSignalTexts = {
    SignalText{"TERM, INT", "stop: finish running requests within --timeout-graceful-shutdown"},
    SignalText{"QUIT, a second INT", "stop at once"},
    SignalText{"HUP", "read the configuration again and replace the workers one by one"},
    SignalText{"TTIN, TTOU", "one worker more, one worker fewer"},
    SignalText{"USR1", "reopen the log files"},
    SignalText{"USR2", "go on as the program that lies at the server's path by now"},
};

// "[5s; 10ms to 24h]": the default and the range; empty where there is neither.
std::string in_brackets(const OptionSpec& option);

}  // namespace prefork::config
