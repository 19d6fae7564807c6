// What every child does between its boot and its end, whatever it is: hears of SIGTERM and of the
// master's commands on its event loop, tells the master how it is, and leaves with a code. It knows
// no HTTP. Made after the fork, in the child; one thread: the event loop.
#pragma once

#include <cstdint>
#include <exception>
#include <functional>

#include "config/values/exit_code.h"
#include "ipc/base/owned_fd.h"
#include "ipc/base/process_id.h"
#include "ipc/frames.h"
#include "server/loop/event_loop.h"
#include "workers/child/child_context.h"

namespace prefork::child {

// What the child is told to do. Called on the event loop.
class ChildCommands {
 public:
  ChildCommands() = default;
  virtual ~ChildCommands() = default;
  ChildCommands(const ChildCommands&) = delete;
  ChildCommands& operator=(const ChildCommands&) = delete;

  // SIGTERM: whoever sent it meant this process alone.
  virtual void on_terminate() = 0;
  // By the master.
  virtual void on_drain(ipc::DrainReason reason) = 0;
  // The main log has been seen to already.
  virtual void on_reopen_logs() {}
  // The observer: how a command ended that it has passed on.
  virtual void on_outcome(const ipc::OutcomeFrame& /*outcome*/) {}
};

class ChildRuntime {
 public:
  // Takes over the signals; see workers/child/child_signals.h. All outlive it. Throws
  // std::system_error.
  ChildRuntime(const ChildContext& context, loop::EventLoop& loop, ChildCommands& commands);
  ChildRuntime(const ChildRuntime&) = delete;
  ChildRuntime& operator=(const ChildRuntime&) = delete;

  // The child serves: gives up the inherited listening sockets, which it has under other numbers by
  // now, listens to commands, and tells the master that it is ready.
  void begin();

  // False when the pipe is full: to be tried again.
  bool send(const ipc::Message& message);

 private:
  void read_commands();

  const ChildContext& context_;
  loop::EventLoop& loop_;
  ChildCommands& commands_;
  const ipc::OwnedFd signal_fd_;
  loop::EventLoop::WatchId command_watch_ = 0;
};

// Tells the master why the child could not boot; returns `code`.
int fail_boot(const ChildContext& context, const char* reason, config::ExitCode code);
// For what was thrown: with where to look, where the system has refused something.
int fail_boot(const ChildContext& context, const std::exception& error);

}  // namespace prefork::child
