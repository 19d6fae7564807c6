// One thing that is wrong with the configuration, as a value: where it was found and what to do.
#pragma once

#include <string>
#include <string_view>

namespace prefork::config {

struct ConfigError {
  std::string source;   // `--port`, `PREFORK_PORT`, `/etc/shop.toml:12: port`
  std::string message;  // what is wrong and how to mend it

  bool operator==(const ConfigError&) const = default;
};

// One line without its end: `prefork-server: --port: 99999 is out of range; use 0 to 65535`.
std::string to_line(const ConfigError& error);

// Something a user wrote, fit for one line of a message: control characters are escaped and the
// middle of a long text is left out.
std::string printable(std::string_view text);
// The same in single quotes.
std::string in_quotes(std::string_view text);

}  // namespace prefork::config
