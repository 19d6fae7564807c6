// A worker within a test: the same rooms put together as in workers/worker, without a master, a
// fork, a listening socket or a signal. It is the only worker of its service and its leader; tasks
// are run by a thread of the same process.
//
// Made, run and ended by one thread, which is its event loop's.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "config/options/options.h"
#include "ipc/base/clock.h"
#include "ipc/base/owned_fd.h"
#include "ipc/tasks/task_board.h"
#include "server/engine/http_server.h"
#include "server/engine/server_hooks.h"
#include "server/exchange/access_log.h"
#include "server/loop/event_loop.h"
#include "server/loop/timer.h"
#include "server/native/native_application.h"
#include "workers/child/child_context.h"
#include "workers/pool/pools.h"
#include "workers/task/task_runner.h"
#include "workers/testing/test_log.h"
#include "workers/worker/served_application.h"

namespace prefork::testing {

class TestWorker : public engine::ServerHooks {
 public:
  // Loads what the options name, `entry` instead of a file where there is one, and has it start.
  // The log outlives it. Throws std::exception, with a line for people.
  TestWorker(const config::Options& options, const native::NativeApplication::Entry& entry,
             TestLog& log);
  // The application has been told of the worker's stop, and is unloaded.
  ~TestWorker() override;

  // Serves until it has been stopped and nothing is left to be done, or --timeout-graceful-shutdown
  // is over.
  void run();

  // --- any thread ---
  // The client's end of a new connection, a stream socket. Throws std::system_error.
  ipc::OwnedFd connect();
  void stop();

 private:
  // What workers share, made by the master elsewhere.
  struct Commons {
    explicit Commons(const config::Options& options);

    const std::vector<child::InheritedListener> listeners;
    ipc::Segment segment{1};
    const ipc::Inboxes inboxes{1};
    ipc::Leadership leadership;
    ipc::SharedTable things;
    ipc::TaskBoard tasks;
    ipc::ControlEnd control;
  };
  // What other threads want of the loop.
  struct Wanted {
    std::mutex mutex;
    std::vector<ipc::OwnedFd> connections;
    bool is_stopping = false;
  };

  bool on_tick(std::uint64_t now_ns) override;
  void report(config::LogLevel level, std::string_view line) override;
  void on_drained() override { loop_.stop(); }

  void load(const native::NativeApplication::Entry& entry);
  void start();
  void leave();
  void wake();
  void on_wake();
  void begin_to_stop();

  const config::Options options_;
  TestLog& log_;
  Commons commons_;
  child::ChildContext context_;
  const ipc::MonotonicClock clock_;
  loop::EventLoop loop_{clock_};
  const ipc::OwnedFd wake_fd_;
  Wanted wanted_;
  exchange::AccessLog access_log_;
  std::unique_ptr<native::NativeApplication> application_;  // null: a folder, or the demo
  std::unique_ptr<worker::ServedApplication> served_;
  std::unique_ptr<engine::HttpServer> server_;
  std::unique_ptr<pool::Pools> pools_;
  std::unique_ptr<task::TaskRunner> tasks_;  // null: the application has none
  loop::Timer end_timer_;
  std::uint16_t last_port_ = 0;
  bool is_stopping_ = false;
};

}  // namespace prefork::testing
