#include "workers/observer/options_json.h"

#include <nlohmann/json.hpp>
#include <vector>

#include "config/options/option_table.h"

namespace prefork::observer {

std::string options_json(const config::Options& options) {
  auto json = nlohmann::ordered_json::object();
  for (const config::OptionSpec& option : config::option_table()) {
    if (option.reach == config::OptionReach::command_line_only) {
      continue;
    }
    const std::vector<std::string> texts = config::field_texts(option.field, options);
    nlohmann::ordered_json& value = json[config::file_key(option)];
    if (texts.size() == 1 && !config::is_repeatable(option.field)) {
      value = texts.front();
    } else if (!texts.empty()) {
      value = texts;
    }
  }
  return json.dump(2, ' ', false, nlohmann::ordered_json::error_handler_t::replace) + "\n";
}

}  // namespace prefork::observer
