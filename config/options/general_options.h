// The options of no group whose text has a form of its own, for option_table.cpp. Stateless.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "config/options/option_field.h"
#include "config/values/bind.h"

namespace prefork::config {

inline constexpr CustomField kConfig = {
    [](Options& options, std::string_view text) -> Result<void> {
      options.general.config = text;
      return {};
    },
    [](const Options& options) {
      return options.general.config.empty() ? std::vector<std::string>{}
                                            : std::vector<std::string>{options.general.config};
    },
    "",
};

inline constexpr CustomField kNotifyFd = {
    [](Options& options, std::string_view text) {
      return store(parse_descriptor(text), options.general.notify_fd);
    },
    [](const Options& options) {
      const int fd = options.general.notify_fd;
      return fd < 0 ? std::vector<std::string>{} : std::vector<std::string>{std::to_string(fd)};
    },
    "",
};

// Not kept: whoever reads the command line prints it, and that is all.
inline constexpr CustomField kPrinted = {
    [](Options&, std::string_view) -> Result<void> { return {}; },
    [](const Options&) { return std::vector<std::string>{}; },
    "",
};

}  // namespace prefork::config
