#include "config/sources/merge.h"

#include <algorithm>
#include <utility>
#include <variant>

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
  const bool counts = wins(setting);
  const auto set = check_and_set(setting, counts ? options : overridden);
  if (!set.ok()) {
    if (counts) winner.is_valid = false;
    add_error(setting.source, set.problem().text);
  } else if (const auto* of_app = std::get_if<SettingsField>(&setting.option->field);
             of_app != nullptr && counts) {
    of_app->member.of(options).back().origin = setting.origin;
  }
}

bool Merged::wins(const Setting& setting) const {
  if (!std::holds_alternative<SettingsField>(setting.option->field)) {
    return setting.level == origin(setting.option->name).level;
  }
  const std::string_view key = app_setting_key(setting.value);
  return std::none_of(settings_.begin(), settings_.end(), [&](const Setting& other) {
    return other.option == setting.option && other.level > setting.level &&
           app_setting_key(other.value) == key;
  });
}

Origin& Merged::origin(std::string_view option_name) { return origins_.at(option_name); }

const Origin& Merged::origin(std::string_view option_name) const {
  return origins_.at(option_name);
}

void Merged::add_error(std::string source, std::string message) {
  errors.push_back({std::move(source), std::move(message)});
}

}  // namespace prefork::config
