#include "config/sources/merge.h"

#include <utility>

namespace prefork::config {
namespace {

Result<void> check_and_set(const Setting& setting, Options& options) {
  if (setting.value.empty()) return Problem{"the value is empty; remove it or give one"};
  // Paths end at a zero byte, so the rest would be lost without a word.
  if (setting.value.find('\0') != setting.value.npos) {
    return Problem{"the value " + in_quotes(setting.value) + " has a zero byte in it"};
  }
  return set_field(setting.option->field, options, setting.value);
}

}  // namespace

Merged::Merged(std::vector<Setting> settings) : settings_(std::move(settings)) {
  find_origins();
  for (const OptionSpec& option : option_table()) {
    if (origin(option.name).level != Level::by_default) clear_field(option.field, options);
  }
  for (const Setting& setting : settings_) apply(setting);
}

void Merged::find_origins() {
  for (const OptionSpec& option : option_table()) {
    origins_[option.name] = {Level::by_default, command_line_name(option), "default"};
  }
  for (const Setting& setting : settings_) {
    Origin& strongest = origin(setting.option->name);
    if (setting.level <= strongest.level) continue;
    strongest = {setting.level, setting.source, setting.origin};
  }
}

void Merged::apply(const Setting& setting) {
  Origin& winner = origin(setting.option->name);
  Options overridden;
  const bool wins = setting.level == winner.level;
  const auto set = check_and_set(setting, wins ? options : overridden);
  if (!set.ok()) {
    if (wins) winner.is_valid = false;
    add_error(setting.source, set.problem().text);
  }
}

Origin& Merged::origin(std::string_view option_name) { return origins_.at(option_name); }

const Origin& Merged::origin(std::string_view option_name) const {
  return origins_.at(option_name);
}

void Merged::add_error(std::string source, std::string message) {
  errors.push_back({std::move(source), std::move(message)});
}

}  // namespace prefork::config
