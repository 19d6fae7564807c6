#include "config/print_config.h"

#include <algorithm>
#include <array>
#include <variant>

namespace prefork::config {
namespace {

using Row = std::array<std::string, 3>;

// A longer value, such as a path, moves only its own line.
constexpr std::size_t kWidestColumn = 40;

void add_rows(std::vector<Row>& rows, const OptionSpec& option, const Merged& merged) {
  if (const auto* settings = std::get_if<SettingsField>(&option.field);
      settings != nullptr && !settings->member.of_const(merged.options).empty()) {
    std::string name(option.name);
    for (const AppSetting& setting : settings->member.of_const(merged.options)) {
      rows.push_back({name, printable(setting.text()), printable(setting.origin)});
      name.clear();
    }
    return;
  }
  std::vector<std::string> values = field_texts(option.field, merged.options);
  if (values.empty()) values.emplace_back("(none)");
  std::string name(option.name);
  for (const std::string& value : values) {
    rows.push_back({name, printable(value), printable(merged.origin(option.name).text)});
    name.clear();
  }
}

std::string padded(const std::string& text, std::size_t width) {
  return text + std::string(width - std::min(width, text.size()), ' ') + "  ";
}

}  // namespace

std::string print_config(const Merged& merged) {
  std::vector<Row> rows = {{"OPTION", "VALUE", "FROM"}};
  for (const OptionSpec& option : option_table()) {
    if (option.reach != OptionReach::command_line_only) add_rows(rows, option, merged);
  }
  std::size_t name_width = 0;
  std::size_t value_width = 0;
  for (const auto& [name, value, from] : rows) {
    name_width = std::max(name_width, name.size());
    if (value.size() <= kWidestColumn) value_width = std::max(value_width, value.size());
  }
  std::string output;
  for (const auto& [name, value, from] : rows) {
    output += padded(name, name_width) + padded(value, value_width) + from + "\n";
  }
  return output;
}

}  // namespace prefork::config
