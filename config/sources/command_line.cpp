#include "config/sources/command_line.h"

#include <CLI/CLI.hpp>

#include <algorithm>
#include <string_view>
#include <utility>
#include <vector>

#include "config/sources/suggest.h"

namespace prefork::config {
namespace {

constexpr Level kLevel = Level::command_line;

bool is_option(std::string_view argument) { return argument.size() > 1 && argument[0] == '-'; }

class CommandLineReader {
 public:
  CommandLineReader() {
    app_.set_help_flag();
    app_.allow_extras();
    for (const OptionSpec& option : option_table()) {
      cli_options_.emplace_back(&option, declare(option));
    }
  }

  Reading read(std::span<const std::string> arguments) {
    // CLI11 would lose `--` where it stands behind an option's value.
    const auto end_of_options = std::find(arguments.begin(), arguments.end(), "--");
    take_options({arguments.begin(), end_of_options});
    // CLI11 takes its input from the back.
    std::vector<std::string> reversed(arguments_.rbegin(), arguments_.rend());
    try {
      app_.parse(std::move(reversed));
    } catch (const CLI::Error& error) {
      add_error("command line", error.what());
    }
    for (const auto& [option, cli_option] : cli_options_) {
      add_settings(*option, cli_option->results());
    }
    add_extras(app_.remaining());
    if (end_of_options != arguments.end()) {
      std::for_each(std::next(end_of_options), arguments.end(),
                    [this](const std::string& argument) { add_target(argument); });
    }
    return std::move(reading_);
  }

 private:
  // CLI11 only finds out what belongs to which option. Values stay texts, so that one that is bad
  // or missing is one error among others and not the end of the parse.
  CLI::Option* declare(const OptionSpec& option) {
    const std::string name = command_line_name(option);
    CLI::Option* declared = nullptr;
    if (is_action(option.field)) {
      declared = app_.add_flag(option.name == "help" ? "-h," + name : name);
    } else if (is_switch(option.field)) {
      declared = app_.add_flag(name + ",!--no-" + std::string(option.name));
    } else {
      declared = app_.add_option(name)->type_size(1)->expected(0, 1)->allow_extra_args(false);
    }
    return declared->multi_option_policy(CLI::MultiOptionPolicy::TakeAll);
  }

  // All but `--name=`: CLI11 would take the next argument for the value.
  void take_options(std::span<const std::string> arguments) {
    for (const std::string& argument : arguments) {
      const std::string name = argument.substr(0, argument.find('='));
      const bool is_known =
          name.starts_with("--") && find_option(std::string_view(name).substr(2)) != nullptr;
      if (is_known && argument.size() == name.size() + 1) {
        add_error(name, "the value after '=' is missing");
      } else {
        arguments_.push_back(argument);
      }
    }
  }

  void add_settings(const OptionSpec& option, const std::vector<std::string>& values) {
    const std::string name = command_line_name(option);
    if (values.size() > 1 && !is_repeatable(option.field)) {
      add_error(name, "is given " + std::to_string(values.size()) + " times; give it once");
    }
    for (const std::string& value : values) {
      if (value.empty()) {
        add_error(name,
                  "the value is missing; use " + name + " " + std::string(option.placeholder));
        continue;
      }
      reading_.settings.push_back({&option, value, kLevel, name, "command line"});
    }
  }

  // What CLI11 could not place: unknown options, their values, and arguments without an option, of
  // which one may be: what to serve.
  void add_extras(const std::vector<std::string>& extras) {
    auto place = arguments_.begin();
    bool may_be_value = false;
    for (const std::string& extra : extras) {
      const auto found = std::find(place, arguments_.end(), extra);
      const bool follows_an_unknown_option = std::exchange(may_be_value, false) && found == place;
      if (found != arguments_.end()) place = std::next(found);
      if (is_option(extra)) {
        const std::string name = extra.substr(0, extra.find('='));
        add_error(printable(name), unknown_option(name));
        may_be_value = name.size() == extra.size();
      } else if (!follows_an_unknown_option) {
        // Else it is `4` of `--wrokers 4`, and that error is already told.
        add_target(extra);
      }
    }
  }

  void add_target(const std::string& argument) {
    const OptionSpec* app = find_option("app");
    const bool is_given =
        std::any_of(reading_.settings.begin(), reading_.settings.end(),
                    [&](const Setting& setting) { return setting.option == app; });
    if (is_given || argument.empty()) {
      add_unexpected(argument);
    } else {
      reading_.settings.push_back({app, argument, kLevel, "command line", "command line"});
    }
  }

  void add_unexpected(const std::string& argument) {
    add_error("command line", "unexpected argument " + in_quotes(argument) +
                                  "; every setting is an option, --help lists them");
  }

  static std::string unknown_option(std::string_view name) {
    const OptionSpec* meant = nearest_option(name, kLevel);
    if (meant != nullptr) return "unknown option; did you mean " + command_line_name(*meant) + "?";
    return "unknown option; --help lists the options";
  }

  void add_error(std::string source, std::string message) {
    reading_.errors.push_back({std::move(source), std::move(message)});
  }

  CLI::App app_;
  std::vector<std::pair<const OptionSpec*, CLI::Option*>> cli_options_;
  std::vector<std::string> arguments_;
  Reading reading_;
};

}  // namespace

Reading read_command_line(std::span<const std::string> arguments) {
  return CommandLineReader().read(arguments);
}

}  // namespace prefork::config
