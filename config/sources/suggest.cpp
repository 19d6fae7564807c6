#include "config/sources/suggest.h"

#include <algorithm>
#include <numeric>
#include <string>
#include <vector>

#include "config/base/text.h"

namespace prefork::config {
namespace {

// No name of ours is near to anything longer, and the distance takes time in the square.
constexpr std::size_t kLongestName = 64;

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

std::size_t edit_distance(std::string_view left, std::string_view right) {
  // Rows of the usual table; a swap looks back two rows.
  std::vector<std::size_t> before_previous;
  std::vector<std::size_t> previous(right.size() + 1);
  std::vector<std::size_t> current(right.size() + 1);
  std::iota(previous.begin(), previous.end(), std::size_t{0});
  for (std::size_t i = 1; i <= left.size(); ++i) {
    current[0] = i;
    for (std::size_t j = 1; j <= right.size(); ++j) {
      const std::size_t replaced = previous[j - 1] + (left[i - 1] == right[j - 1] ? 0 : 1);
      current[j] = std::min({previous[j] + 1, current[j - 1] + 1, replaced});
      const bool swapped =
          i > 1 && j > 1 && left[i - 1] == right[j - 2] && left[i - 2] == right[j - 1];
      if (swapped) current[j] = std::min(current[j], before_previous[j - 2] + 1);
    }
    before_previous = previous;
    previous = current;
  }
  return previous.back();
}

const OptionSpec* nearest_option(std::string_view written, Level level) {
  const std::string name = as_option_name(written);
  if (name.empty() || name.size() > kLongestName) return nullptr;
  const OptionSpec* nearest = nullptr;
  // A third of the letters may be wrong; more is another word.
  std::size_t nearest_distance = std::max<std::size_t>(1, name.size() / 3) + 1;
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
