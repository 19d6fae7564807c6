#include "config/man_pages.h"

#include "config/control_commands.h"
#include "config/help_tables.h"
#include "config/options/server_commands.h"
#include "config/values/exit_code.h"
#include "config/version.h"

namespace prefork::config {
namespace {

// What troff(1) would read as its own is told apart: backslashes, hyphens that are to be copied,
// and lines that begin like a request.
std::string plain(std::string_view text) {
  std::string escaped;
  for (const char letter : text) {
    if (letter == '\\') {
      escaped += "\\e";
    } else if (letter == '-') {
      escaped += "\\-";
    } else if (letter == '\'') {
      escaped += "\\(aq";
    } else if (letter == '.' && escaped.empty()) {
      escaped += "\\&.";
    } else {
      escaped += letter;
    }
  }
  return escaped;
}

std::string title(std::string_view name, std::string_view section) {
  return ".TH " + plain(name) + " " + std::string(section) + " \"\" \"prefork\\-server " +
         std::string(kVersion) + "\"\n";
}

std::string section(std::string_view name) { return ".SH " + std::string(name) + "\n"; }

std::string item(std::string_view bold, std::string_view italic, std::string_view text) {
  std::string entry = ".TP\n\\fB" + plain(bold) + "\\fR";
  if (!italic.empty()) entry += " \\fI" + plain(italic) + "\\fR";
  return entry + "\n" + plain(text) + "\n";
}

std::string name_section(std::string_view name, std::string_view what) {
  return section("NAME") + plain(name) + " \\- " + std::string(what) + "\n";
}

std::string paragraph(std::string_view text) { return ".PP\n" + plain(text) + "\n"; }

std::string help_of(const OptionSpec& option) {
  const std::string brackets = in_brackets(option);
  return std::string(option.help) + (brackets.empty() ? "" : " ") + brackets;
}

std::string server_page() {
  std::string page = title("PREFORK-SERVER", "8");
  page += name_section("prefork-server", "serve HTTP from worker processes");
  page += section("SYNOPSIS");
  page += ".B prefork\\-server\n[\\fIPATH\\fR] [\\fIOPTION\\fR]...\n";
  for (const ServerCommand& command : kServerCommands) {
    page += ".br\n.B prefork\\-server " + std::string(command.name) + "\n" +
            plain(command.arguments) + "\n";
  }
  page += section("DESCRIPTION");
  page +=
      plain(
          "Serves HTTP from worker processes that a master forks, watches and replaces. PATH is "
          "a folder of files or an application (a shared object); without it a demo answers.") +
      "\n";
  page += paragraph(
      "In brackets: [default; range]. TIME is 500ms, 30s, 2m or 1h, a plain number is seconds; "
      "SIZE "
      "is 512, 64k, 1m or 1g, a plain number is bytes.");
  page += section("COMMANDS") + "Instead of serving:\n";
  for (const ServerCommand& command : kServerCommands) {
    page += item(command.name, command.arguments, command.help);
  }
  page += section("OPTIONS");
  for (const auto& [group, heading] : kOptionGroupTitles) {
    page += ".SS " + plain(heading) + "\n";
    for (const OptionSpec& option : option_table()) {
      if (option.group != group) continue;
      page += item(command_line_name(option), option.placeholder, help_of(option));
    }
  }
  page += section("ENVIRONMENT");
  page += plain(
              "Each option that is not an order of its own can be set by a variable: "
              "PREFORK_LIMIT_BODY is --limit-body. The command line is stronger than the "
              "environment, and that is stronger than the file.") +
          "\n";
  page += section("SIGNALS") + "To the master:\n";
  for (const auto& [signals, text] : kSignalTexts) page += item(signals, "", text);
  page += section("EXIT STATUS");
  for (const auto& [code, text] : kExitCodeTexts) {
    page += item(std::to_string(to_int(code)), "", text);
  }
  return page + section("SEE ALSO") + ".BR preforkctl (1),\n.BR prefork.toml (5)\n";
}

std::string control_page() {
  std::string page = title("PREFORKCTL", "1");
  page += name_section("preforkctl", "command a running prefork\\-server");
  page += section("SYNOPSIS");
  page += ".B preforkctl\n[\\fIOPTION\\fR]... \\fICOMMAND\\fR\n";
  page += section("DESCRIPTION");
  page +=
      plain(
          "Commands a running server over its control socket, and answers when it has happened. "
          "It works while every worker hangs. The server's user and root may do so.") +
      "\n";
  page += section("COMMANDS");
  for (const ControlCommand& command : kControlCommands) {
    page += item(command.name, command.argument, command.help);
  }
  page += section("OPTIONS");
  for (const ControlOption& option : kControlOptions) {
    page += item("--" + std::string(option.name), option.placeholder, option.help);
  }
  page += section("EXIT STATUS");
  for (const ControlExitCode& exit : kControlExitCodes) {
    page += item(std::to_string(exit.code), "", exit.text);
  }
  return page + section("SEE ALSO") + ".BR prefork\\-server (8)\n";
}

std::string file_page() {
  std::string page = title("PREFORK.TOML", "5");
  page += name_section("prefork.toml", "configuration of prefork\\-server");
  page += section("DESCRIPTION");
  page +=
      plain(
          "A file in TOML, named by --config. Each option of the command line is a key, with _ "
          "for -. Times and sizes are texts (\"30s\", \"64k\") or numbers of seconds and bytes; "
          "what may be repeated is a list. The file is read again when the server is reloaded. "
          "A key that there is not is an error.") +
      "\n";
  page += section("EXAMPLE") + ".nf\n" + plain("app = \"/srv/shop/libshop.so\"") + "\n" +
          plain("bind = [\":8000\", \"unix:/run/shop.sock\"]") + "\n" +
          plain("limit_body = \"1m\"") + "\n" + plain("[set]") + "\n" +
          plain("database = \"/var/lib/shop.db\"") + "\n.fi\n";
  page += paragraph(
      "The table [app] holds what is set for the application: any keys, whose values are texts, "
      "numbers or true or false. A file that has the key app writes it as [set], since TOML has "
      "each name once. Who may read the file, or run --print-config, sees them: a secret belongs "
      "into a file of its own, which a setting names.");
  page += section("KEYS");
  for (const OptionSpec& option : option_table()) {
    if (option.reach != OptionReach::everywhere) continue;
    std::string value = is_switch(option.field) ? "true|false" : std::string(option.placeholder);
    if (is_repeatable(option.field)) value += ", ...";
    page += item(file_key(option), value, help_of(option));
  }
  return page + section("SEE ALSO") + ".BR prefork\\-server (8)\n";
}

}  // namespace

std::string man_page(std::string_view page) {
  if (page == "prefork-server.8") return server_page();
  if (page == "preforkctl.1") return control_page();
  if (page == "prefork.toml.5") return file_page();
  return "";
}

}  // namespace prefork::config
