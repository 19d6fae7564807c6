// What a fork server does: forks the workers that the master asks for; with --preload it loads the
// application before, and they find it loaded. Runs in a process of its own; see fork_servers.h for
// why. One thread: a fork copies only the one that calls it, so an application that starts others
// while it is loaded is refused, in each worker's own words.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>

#include "config/base/result.h"
#include "ipc/fork_orders.h"
#include "server/native/native_application.h"
#include "workers/child/log.h"

namespace prefork::master {

using PreloadedApplication = config::Result<std::unique_ptr<native::NativeApplication>>;

class ForkServer {
 public:
  // A worker's whole life, in the new process, which is the master's child by then; does not
  // return. `application`: null where none was loaded.
  using RunWorker = std::function<void(const ipc::ForkOrder& order, ipc::ControlEnd& control,
                                       const PreloadedApplication* application)>;

  // `orders` is the socket they come on.
  ForkServer(int orders, pid_t master_pid, child::Log& log, RunWorker run_worker);

  void load(const native::ApplicationFile& file, const config::ApplicationOptions& options);
  // Until no more orders can come.
  void serve();

 private:
  void fork_worker(ipc::ReceivedForkOrder& received);
  [[noreturn]] void fork_again(ipc::ReceivedForkOrder& received, int may_begin);
  [[noreturn]] void begin(ipc::ReceivedForkOrder& received, int may_begin);

  const int orders_;
  const pid_t master_pid_;
  child::Log& log_;
  const RunWorker run_worker_;
  std::optional<PreloadedApplication> application_;
};

}  // namespace prefork::master
