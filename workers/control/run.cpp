#include "workers/control/run.h"

#include <poll.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cstdio>
#include <exception>
#include <optional>
#include <utility>

#include "config/base/columns.h"
#include "config/version.h"
#include "workers/control/request.h"
#include "workers/control/screen.h"
#include "workers/control/server_link.h"
#include "workers/control/top_frame.h"
#include "workers/control/views.h"

namespace prefork::control {

namespace {

using ipc::CommandKind;

int print(const std::string& text) {
  const bool is_told = std::fputs(text.c_str(), stdout) >= 0 && std::fflush(stdout) == 0;
  if (!is_told) {
    std::fputs("preforkctl: cannot write to standard output\n", stderr);
  }
  return static_cast<int>(is_told ? ControlExit::done : ControlExit::refused);
}

int fail(const Request& request, const Failure& failure) {
  if (request.json) {
    const Json json = {{"command", request.command}, {"ok", false}, {"reason", failure.text}};
    print(json.dump(2, ' ', false, Json::error_handler_t::replace) + "\n");
  }
  std::string line = "preforkctl: " + failure.text + "\n";
  std::fputs(line.c_str(), stderr);
  return static_cast<int>(failure.exit);
}

int print_json(const Json& json) {
  return print(json.dump(2, ' ', false, Json::error_handler_t::replace) + "\n");
}

Deadline deadline_of(const Request& request) {
  const auto patience = request.patience();
  return patience ? Deadline(ControlClock::now() + *patience) : std::nullopt;
}

Answer<Json> ask_json(ServerLink& link, CommandKind kind, std::uint32_t argument,
                      const Deadline& deadline) {
  auto text = link.ask(kind, argument, deadline);
  if (!text.ok()) {
    return text.problem();
  }
  Json json = Json::parse(text.value(), nullptr, false);
  if (json.is_discarded()) {
    return Failure{ControlExit::refused, "the server's report is not understood"};
  }
  return json;
}

int show_status(const Request& request, const Json& report) {
  const int told = request.json ? print_json(status_json(report)) : print(status_text(report));
  const std::string why_not = why_not_serving(report);
  if (why_not.empty()) {
    return told;
  }
  std::fputs(("preforkctl: " + why_not + "\n").c_str(), stderr);
  return static_cast<int>(ControlExit::refused);
}

int show_list(const Request& request, const Json& report, const char* name,
              std::string (*text)(const Json&)) {
  if (!request.json) {
    return print(text(report));
  }
  return print_json(report.contains(name) ? report[name] : Json::array());
}

int show(const Request& request, ServerLink& link) {
  const bool is_config = request.command == "config";
  const auto answer =
      ask_json(link, is_config ? CommandKind::configuration : CommandKind::statistics, 0,
               deadline_of(request));
  if (!answer.ok()) {
    return fail(request, answer.problem());
  }
  const Json& report = answer.value();
  if (is_config) {
    return request.json ? print_json(report) : print(config_text(report));
  }
  if (request.command == "workers") {
    return show_list(request, report, "workers", workers_text);
  }
  if (request.command == "last-words") {
    return show_list(request, report, "last_words", last_words_text);
  }
  return show_status(request, report);
}

std::string joined(const std::vector<std::string>& lines) {
  std::string text;
  for (const std::string& line : lines) {
    text += line + "\n";
  }
  return text;
}

// The server may be started anew meanwhile, so each look has a connection of its own.
Answer<Json> look(const Request& request, const std::string& path) {
  const Deadline deadline = deadline_of(request);
  auto link = ServerLink::open(path, deadline);
  if (!link.ok()) {
    return link.problem();
  }
  return ask_json(link.value(), CommandKind::statistics, 1, deadline);
}

int show_top(const Request& request, const std::string& path) {
  if (!request.once && !Screen::is_possible()) {
    return fail(request, {ControlExit::usage, "top needs a terminal; with --once it needs none"});
  }
  auto before = look(request, path);
  if (!before.ok()) {
    return fail(request, before.problem());
  }
  if (request.once) {
    ::poll(nullptr, 0, static_cast<int>(request.interval.count()));
    const auto now = look(request, path);
    return now.ok() ? print(joined(top_frame(before.value(), now.value(), frame_size())))
                    : fail(request, now.problem());
  }
  std::optional<Screen> screen(std::in_place);
  screen->show(top_frame(before.value(), before.value(), screen->size()));
  while (!screen->wait(ControlClock::now() + request.interval)) {
    auto now = look(request, path);
    if (!now.ok()) {
      screen.reset();
      return fail(request, now.problem());
    }
    screen->show(top_frame(before.value(), now.value(), screen->size()));
    before = std::move(now);
  }
  return static_cast<int>(ControlExit::done);
}

CommandKind kind_of(const std::string& command) {
  for (auto kind = CommandKind::stop; kind != ipc::kLastCommand;
       kind = static_cast<CommandKind>(static_cast<int>(kind) + 1)) {
    if (ipc::to_string(kind) == command) {
      return kind;
    }
  }
  return ipc::kLastCommand;
}

int tell_done(const Request& request) {
  if (!request.json) {
    return static_cast<int>(ControlExit::done);
  }
  return print_json({{"command", request.command}, {"ok", true}, {"reason", ""}});
}

int order(const Request& request, ServerLink& link) {
  const bool can_wait = request.command == "reload" || request.command == "upgrade";
  const std::uint32_t argument = can_wait ? (request.wait ? 1U : 0U) : request.number;
  const auto answer = link.ask(kind_of(request.command), argument, deadline_of(request));
  return answer.ok() ? tell_done(request) : fail(request, answer.problem());
}

// The process that a pidfd stands for, see pidfd_open(2), cannot be mistaken for a later one.
bool waits_for_end(int pidfd, const Deadline& deadline) {
  pollfd polled{pidfd, POLLIN, 0};
  int count = -1;
  do {
    count = ::poll(&polled, 1, poll_time(deadline));
  } while (count < 0);
  return count > 0;
}

// The observer, which answers, is the last but one to go.
int stop(const Request& request, ServerLink& link) {
  const Deadline deadline = deadline_of(request);
  const pid_t master = link.server_pid();
  const ipc::OwnedFd pidfd(master > 0 ? static_cast<int>(::syscall(SYS_pidfd_open, master, 0U))
                                      : -1);
  const auto answer = link.ask(CommandKind::stop, 0, deadline);
  if (!pidfd.valid() || (!answer.ok() && !answer.problem().is_unanswered)) {
    return answer.ok() ? tell_done(request) : fail(request, answer.problem());
  }
  // One that is stopped at once does not answer any more.
  if (!waits_for_end(pidfd.get(), deadline)) {
    return fail(request, not_in_time());
  }
  return tell_done(request);
}

int obey(const Request& request) {
  const auto path = find_server(request.socket);
  if (!path.ok()) {
    return fail(request, path.problem());
  }
  if (request.command == "top") {
    return show_top(request, path.value());
  }
  auto link = ServerLink::open(path.value(), deadline_of(request));
  if (!link.ok()) {
    return fail(request, link.problem());
  }
  if (request.command == "stop") {
    return stop(request, link.value());
  }
  const bool only_looks = request.command == "status" || request.command == "workers" ||
                          request.command == "config" || request.command == "last-words";
  return only_looks ? show(request, link.value()) : order(request, link.value());
}

}  // namespace

int run_control(std::span<const std::string> arguments) {
  try {
    const auto request = read_request(arguments);
    if (!request.ok()) {
      return fail({}, request.problem());
    }
    if (request.value().command == "help") {
      return print(control_help(config::help_width()));
    }
    if (request.value().command == "version") {
      return print("preforkctl " + std::string(config::kVersion) + "\n");
    }
    return obey(request.value());
  } catch (const std::exception& error) {
    return fail({}, {ControlExit::refused, error.what()});
  }
}

}  // namespace prefork::control
