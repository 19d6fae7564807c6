#include "workers/observer/admin_commands.h"

#include <sys/stat.h>

#include <array>
#include <optional>
#include <string_view>
#include <utility>

#include "config/base/number.h"
#include "workers/observer/own_host.h"

namespace prefork::observer {

namespace {

// Those that came over the control socket have smaller ones.
constexpr std::uint64_t kFirstId = std::uint64_t{1} << 63;
constexpr std::string_view kArgument = "argument=";
constexpr std::string_view kOwnField = "prefork-command";

struct AdminCommand {
  ipc::CommandKind kind;
  bool has_argument;
};

constexpr std::array<AdminCommand, 7> kAdminCommands = {{
    {ipc::CommandKind::reload, false},
    {ipc::CommandKind::upgrade, false},
    {ipc::CommandKind::restart, true},
    {ipc::CommandKind::scale, true},
    {ipc::CommandKind::drain, true},
    {ipc::CommandKind::reopen_logs, false},
    {ipc::CommandKind::stop, false},
}};

std::optional<AdminCommand> find_command(std::string_view name) {
  for (const AdminCommand& command : kAdminCommands) {
    if (to_string(command.kind) == name) {
      return command;
    }
  }
  return std::nullopt;
}

std::optional<std::uint32_t> argument_of(std::string_view query) {
  if (!query.starts_with(kArgument)) {
    return std::nullopt;
  }
  const auto number = config::parse_number(query.substr(kArgument.size()));
  if (!number || *number < 0 || *number > ipc::kMaxCommandArgument) {
    return std::nullopt;
  }
  return static_cast<std::uint32_t>(*number);
}

void deliver(std::unique_ptr<exchange::Job> job) {
  job->response.add_field("Cache-Control", "no-store");
  job->finish();
  exchange::CompletionSink& sink = *job->sink;
  sink.deliver(std::move(job));
}

void refuse(std::unique_ptr<exchange::Job> job, int status, std::string_view why) {
  job->response.set_error(status, why);
  deliver(std::move(job));
}

// What a browser lets no page send to another site without asking that first.
bool is_of_own_page(const http::Request& request) {
  return request.fields.find(kOwnField).has_value() && is_own_host(request.host);
}

}  // namespace

AdminCommands::AdminCommands(const config::AdminOptions& admin, PassOn pass_on)
    : admin_(admin), pass_on_(std::move(pass_on)), last_id_(kFirstId) {}

std::string AdminCommands::obstacle() const {
  if (!admin_.token.empty()) {
    return "";
  }
  if (!admin_.address || admin_.address->kind != config::Bind::Kind::unix_path) {
    return "commands are taken only where --admin-token is set or --admin is a Unix socket; "
           "preforkctl takes them here";
  }
  struct stat status {};
  if (::stat(admin_.address->path.c_str(), &status) != 0 || (status.st_mode & S_IWOTH) != 0) {
    return "everybody may connect to this socket, so nobody may command here; see --admin-mode "
           "and --admin-token";
  }
  if ((status.st_mode & S_IWGRP & ~admin_.mode.value_or(0)) != 0) {
    return "a group may connect to this socket that --admin-mode does not let, so nobody may "
           "command here; see --admin-mode and --admin-token";
  }
  return "";
}

void AdminCommands::take(std::unique_ptr<exchange::Job> job) {
  const http::Request& request = job->request;
  if (const std::string why = obstacle(); !why.empty()) {
    return refuse(std::move(job), 403, why);
  }
  if (admin_.token.empty() && !is_of_own_page(request)) {
    return refuse(std::move(job), 403,
                  "send the field Prefork-Command: 1, to localhost or an address");
  }
  const std::string name(request.parameter("name").value_or(""));
  const auto command = find_command(name);
  if (!command) {
    return refuse(std::move(job), 404, "there is no such command");
  }
  const auto argument = argument_of(request.query);
  if (command->has_argument != argument.has_value()) {
    return refuse(std::move(job), 400,
                  command->has_argument
                      ? name + " takes a number, as in /commands/" + name + "?argument=2"
                      : name + " takes no argument");
  }
  pass_on(std::move(job), {++last_id_, command->kind, argument.value_or(0), ipc::kAdminListener});
}

void AdminCommands::pass_on(std::unique_ptr<exchange::Job> job, const ipc::CommandFrame& command) {
  forget_those_who_left();
  if (waiting_.size() >= kMaxWaiting) {
    return refuse(std::move(job), 503, "too many commands wait for their end already");
  }
  if (!pass_on_(command)) {
    return refuse(std::move(job), 503, "the master does not take commands at present");
  }
  waiting_.emplace(command.id, std::move(job));
}

// What they ordered happens all the same.
void AdminCommands::forget_those_who_left() {
  for (auto at = waiting_.begin(); at != waiting_.end();) {
    if (at->second->is_abandoned()) {
      deliver(std::move(at->second));
      at = waiting_.erase(at);
    } else {
      ++at;
    }
  }
}

bool AdminCommands::answer(const ipc::OutcomeFrame& outcome) {
  if (outcome.id <= kFirstId) {
    return false;
  }
  const auto found = waiting_.find(outcome.id);
  if (found == waiting_.end()) {
    return true;  // who asked has left
  }
  std::unique_ptr<exchange::Job> job = std::move(found->second);
  waiting_.erase(found);
  switch (outcome.verdict) {
    case ipc::Verdict::done:
      job->response.set_content_type("text/plain; charset=utf-8");
      job->response.set_body("done\n");
      deliver(std::move(job));
      break;
    case ipc::Verdict::refused:
      refuse(std::move(job), 409, outcome.text);
      break;
    case ipc::Verdict::failed:
      refuse(std::move(job), 500, outcome.text);
      break;
  }
  return true;
}

}  // namespace prefork::observer
