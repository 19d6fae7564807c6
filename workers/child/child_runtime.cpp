#include "workers/child/child_runtime.h"

#include <string>
#include <variant>

#include "ipc/base/monotonic.h"
#include "ipc/control_channel.h"
#include "workers/child/child.h"
#include "workers/child/child_signals.h"
#include "workers/child/process_limits.h"

namespace prefork::child {

ChildRuntime::ChildRuntime(const ChildContext& context, loop::EventLoop& loop,
                           ChildCommands& commands)
    : context_(context), loop_(loop), commands_(commands), signal_fd_(take_over_signals()) {
  die_with(context.master_pid);
}

void ChildRuntime::begin() {
  set_signals_again();
  for (const InheritedListener& listener : context_.listeners) {
    close_inherited({&listener.fd, 1});
  }
  loop_.watch(signal_fd_.get(), [this] {
    drain_signals(signal_fd_.get());
    commands_.on_terminate();
  });
  command_watch_ = loop_.watch(context_.control.read_fd(), [this] { read_commands(); });
  send(ipc::ReadyFrame{(ipc::monotonic_ns() - context_.forked_ns) / 1000});
}

bool ChildRuntime::send(const ipc::Message& message) {
  return context_.control.send({context_.epoch, message}) == ipc::SendResult::sent;
}

// Frames that only children send are nothing here.
void ChildRuntime::read_commands() {
  const auto result = context_.control.receive([this](const auto& decoded) {
    const ipc::Frame* const frame = std::get_if<ipc::Frame>(&decoded);
    if (frame == nullptr) {
      context_.log.error(std::string("unreadable command from the master: ") +
                         ipc::to_string(std::get<ipc::FrameError>(decoded)));
    } else if (const auto* drain = std::get_if<ipc::DrainFrame>(&frame->message)) {
      commands_.on_drain(drain->reason);
    } else if (std::holds_alternative<ipc::ReopenLogsFrame>(frame->message)) {
      if (const auto opened = context_.log.reopen(); !opened.ok()) {
        context_.log.error(opened.problem().text + "; the log goes on where it was");
      }
      commands_.on_reopen_logs();
    } else if (const auto* level = std::get_if<ipc::LogLevelFrame>(&frame->message)) {
      context_.log.set_level(static_cast<config::LogLevel>(level->level));
    } else if (const auto* outcome = std::get_if<ipc::OutcomeFrame>(&frame->message)) {
      commands_.on_outcome(*outcome);
    }
  });
  if (result == ipc::ReceiveResult::closed) {
    // The master is gone; nobody would ever replace or stop this process.
    loop_.stop();
    loop_.pause_watch(command_watch_);
  }
}

int fail_boot(const ChildContext& context, const std::exception& error) {
  return fail_boot(context, describe_failure(error).c_str(), config::ExitCode::no_worker_booted);
}

int fail_boot(const ChildContext& context, const char* reason, config::ExitCode code) {
  context.control.send({context.epoch, ipc::BootFailedFrame{reason}});
  return config::to_int(code);
}

}  // namespace prefork::child
