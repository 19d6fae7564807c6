#include "config/sources/suggest.h"

#include <algorithm>
#include <string>

#include "config/base/near_name.h"
#include "config/base/text.h"

namespace prefork::config {
namespace {

std::string as_option_name(std::string_view written) {
  written.remove_prefix(std::min(written.find_first_not_of("-_"), written.size()));
  std::string name(written);
  for (char& letter : name) {
    letter = letter == '_' ? '-' : to_lower(letter);
  }
  return name;
}

// People leave out one end of a name: `--keep-alive`, `-w`.
const OptionSpec* only_option_with_end(std::string_view name, Level level) {
  const OptionSpec* found = nullptr;
  for (const OptionSpec& option : option_table()) {
    const bool matches =
        option.name.starts_with(name) || option.name.ends_with("-" + std::string(name));
    if (!matches || !may_set(option, level)) continue;
    if (found != nullptr) return nullptr;
    found = &option;
  }
  return found;
}

}  // namespace

const OptionSpec* nearest_option(std::string_view written, Level level) {
  const std::string name = as_option_name(written);
  if (name.empty() || name.size() > kLongestName) return nullptr;
  const OptionSpec* nearest = nullptr;
  std::size_t nearest_distance = most_edits(name) + 1;
  for (const OptionSpec& option : option_table()) {
    if (!may_set(option, level)) continue;
    const std::size_t distance = edit_distance(name, option.name);
    if (distance < nearest_distance) {
      nearest = &option;
      nearest_distance = distance;
    }
  }
  // A slip of the finger comes first, then a part of a name that is right, then other words.
  if (nearest != nullptr && nearest_distance <= 1) return nearest;
  const OptionSpec* const longer = only_option_with_end(name, level);
  return longer != nullptr ? longer : nearest;
}

bool may_set(const OptionSpec& option, Level level) {
  switch (option.reach) {
    case OptionReach::everywhere:
      return true;
    case OptionReach::not_in_file:
      return level != Level::file;
    case OptionReach::command_line_only:
      return level == Level::command_line;
  }
  return false;
}

}  // namespace prefork::config
