// The settings of all sources put together: for each option the strongest source wins, and for each
// key of what is set for the application. Weaker
// settings are checked all the same, so that a bad file does not wait to be noticed until the
// variable that hides it is gone.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "config/options/options.h"
#include "config/sources/setting.h"

namespace prefork::config {

// Where the value of an option came from.
struct Origin {
  Level level = Level::by_default;
  std::string source;    // as in ConfigError
  std::string text;      // as `--print-config` shows it
  bool is_valid = true;  // false: the value had an error, the option holds its default
};

// What the sources say about one set of options, while it is being checked.
class Merged {
 public:
  // `settings` in any order; those of a repeatable option in the order they were given.
  explicit Merged(std::vector<Setting> settings);

  Options options;
  std::vector<ConfigError> errors;
  std::string working_folder;    // by the name that is to be followed; empty: it has none
  std::string listening_source;  // what decided the addresses, as in ConfigError

  const std::vector<Setting>& settings() const { return settings_; }
  Origin& origin(std::string_view option_name);
  const Origin& origin(std::string_view option_name) const;
  void add_error(std::string source, std::string message);

 private:
  void find_origins();
  void apply(const Setting& setting);
  bool wins(const Setting& setting) const;

  std::vector<Setting> settings_;
  std::map<std::string_view, Origin> origins_;
};

}  // namespace prefork::config
