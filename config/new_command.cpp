#include "config/new_command.h"

#include <algorithm>
#include <array>
#include <optional>
#include <string_view>
#include <utility>
#include <vector>

#include "config/base/columns.h"
#include "config/base/config_error.h"
#include "config/base/result.h"
#include "config/help.h"

namespace prefork::config {
namespace {

constexpr std::string_view kCommand = "new";
constexpr std::size_t kLongestName = 64;

// Targets that CMake or its generators make themselves.
constexpr std::array<std::string_view, 16> kReserved = {
    "ALL_BUILD", "INSTALL",        "PACKAGE",
    "RUN_TESTS", "ZERO_CHECK",     "all",
    "clean",     "depend",         "edit_cache",
    "help",      "install",        "list_install_components",
    "package",   "package_source", "rebuild_cache",
    "test"};

bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }
bool is_digit(char c) { return c >= '0' && c <= '9'; }

Result<void> check_name(std::string_view name) {
  const bool is_fine =
      !name.empty() && is_letter(name.front()) && std::all_of(name.begin(), name.end(), [](char c) {
        return is_letter(c) || is_digit(c) || c == '_' || c == '-';
      });
  if (!is_fine) {
    return Problem{in_quotes(name) +
                   " cannot be the name of an application; use letters, digits, - and _, and begin "
                   "with a letter"};
  }
  if (name.size() > kLongestName) {
    return Problem{in_quotes(name) + " is longer than " + std::to_string(kLongestName) +
                   " characters; use a shorter name"};
  }
  if (std::find(kReserved.begin(), kReserved.end(), name) != kReserved.end()) {
    return Problem{in_quotes(name) + " means something else to CMake; use another name"};
  }
  return {};
}

// Takes `--kind KIND` or `--kind=KIND` out of the arguments; the last counts. The problem: it is
// none.
Result<std::string> take_kind(std::vector<std::string>& arguments) {
  constexpr std::string_view kOption = "--kind";
  const std::string with_value = std::string(kOption) + "=";
  std::string kind;
  for (auto one = arguments.begin(); one != arguments.end();) {
    if (*one != kOption && !one->starts_with(with_value)) {
      ++one;
      continue;
    }
    const bool is_next = *one == kOption;
    if (is_next && one + 1 == arguments.end()) {
      return Problem{"--kind wants a value; use api, site or events"};
    }
    kind = is_next ? *(one + 1) : one->substr(with_value.size());
    one = arguments.erase(one, one + (is_next ? 2 : 1));
    if (std::find(kProjectKinds.begin(), kProjectKinds.end(), kind) == kProjectKinds.end()) {
      return Problem{"--kind: " + in_quotes(kind) + " is not known; use api, site or events"};
    }
  }
  return kind;
}

Loaded fail(std::string message) {
  Loaded loaded;
  loaded.errors.push_back({std::string(kCommand), std::move(message)});
  return loaded;
}

}  // namespace

bool is_new_command(std::span<const std::string> arguments) {
  return !arguments.empty() && arguments.front() == kCommand;
}

Loaded read_new_command(std::span<const std::string> arguments) {
  std::vector<std::string> rest(arguments.begin() + 1, arguments.end());
  Loaded loaded;
  if (std::find(rest.begin(), rest.end(), "--help") != rest.end() ||
      std::find(rest.begin(), rest.end(), "-h") != rest.end()) {
    loaded.action = Action::print_and_exit;
    loaded.output = help_text(help_width());
    return loaded;
  }
  Result<std::string> kind = take_kind(rest);
  if (!kind.ok()) return fail(kind.problem().text);
  if (rest.empty() || rest.front().empty()) {
    return fail(
        "the name is missing; use prefork-server new NAME, or ./new to serve what is called "
        "new");
  }
  for (const std::string& argument : rest) {
    if (argument.starts_with('-')) {
      return fail(in_quotes(argument) + " is not expected; this command takes a name and --kind");
    }
  }
  if (rest.size() > 1) {
    return fail("unexpected argument " + in_quotes(rest[1]) + "; give one name");
  }
  std::string path = rest.front();
  while (path.size() > 1 && path.ends_with('/')) path.pop_back();
  const std::string_view name = std::string_view(path).substr(path.rfind('/') + 1);
  if (const auto named = check_name(name); !named.ok()) return fail(named.problem().text);
  loaded.action = Action::new_project;
  loaded.new_project = std::move(path);
  loaded.new_kind = std::move(kind).value();
  return loaded;
}

}  // namespace prefork::config
