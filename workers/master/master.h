// The master: owns the listening sockets, the statistics segment and the processes; decides nothing
// itself (the supervisor core does) and never reads from the network. One thread, no event loop
// library, no asynchronous logger: whatever runs here is copied by every fork.
//
// A turn of its loop: wait (poll over the signalfd and the children's pipes, until the next
// deadline), turn what happened into events, carry out the actions that follow.
#pragma once

#include <sys/resource.h>
#include <csignal>
#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "config/load.h"
#include "config/values/exit_code.h"
#include "ipc/control_channel.h"
#include "ipc/inbox.h"
#include "ipc/leadership.h"
#include "ipc/segment.h"
#include "workers/child/log.h"
#include "workers/master/file_watch.h"
#include "workers/master/serving_plan.h"
#include "workers/supervision/supervisor.h"

namespace prefork::master {

class Master {
 public:
  // `arguments` and `environment` are read again on SIGHUP.
  Master(config::Options options, std::vector<std::string> arguments,
         config::Environment environment);
  ~Master();
  Master(const Master&) = delete;
  Master& operator=(const Master&) = delete;

  // Serves until it is told to stop; returns the exit code. In a forked child it does not return.
  config::ExitCode run();

 private:
  // A process, by its place; its pipe outlives it until its last frames are read.
  struct Child {
    ipc::ControlEnd control;
    std::uint32_t epoch = 0;
    std::string boot_failure;  // its own words
    bool closed = false;       // it closed its end: nothing more will come
  };

  // Start and end (master.cpp).
  std::optional<config::ExitCode> prepare();
  // With --preload; else null.
  std::variant<std::shared_ptr<native::NativeApplication>, native::LoadProblem> load_application(
      const config::Options& options);
  void take_over_signals();
  void make_shared_parts();
  void announce();
  void announce_when_ready();
  void write_notification();
  void loop();

  // What happens (master_events.cpp).
  void wait_for_events();
  void read_signals();
  void on_signal(int signal);
  void request_stop(int signal);
  void stop_gracefully();
  // `why` is the line of the log that says so.
  void reload(const std::string& why);
  SharedPlan plan_reload();
  std::optional<std::shared_ptr<native::NativeApplication>> reload_application(
      const config::Options& options);
  void reopen_logs();
  void read_pipe(Child& child, ipc::Place at);
  void on_frame(Child& child, ipc::Place at, const ipc::Frame& frame);
  void reap();
  void report_beats();
  // Tells the supervisor and carries out what follows, before anything else is told.
  void report(const supervision::Event& event);

  // --reload (master_reload.cpp).
  void watch_files(const config::Options& options);
  void follow_files();

  // What is done about it (master_actions.cpp).
  void perform(const supervision::action::Spawn& spawn);
  void perform(const supervision::action::Drain& drain);
  void perform(const supervision::action::Kill& kill);
  void perform(const supervision::action::Release& release);
  void perform(const supervision::action::Notice& notice);
  void perform(const supervision::action::Finish& finish);
  [[noreturn]] void run_child(const supervision::action::Spawn& spawn, ipc::ControlEnd& control,
                              std::uint64_t forked_ns);
  void prepare_record(const supervision::action::Spawn& spawn, std::uint64_t forked_ns);
  void note_exit(const supervision::action::Release& release);
  void publish_states();
  void forget_unused_plans();
  [[nodiscard]] bool is_observer(ipc::Place at) const;

  // How it is told (master_log.cpp).
  void log_exit(const supervision::action::Release& release);
  void log_in_flight(ipc::Place at, std::string_view what);
  [[nodiscard]] std::string name_of(ipc::Place at) const;
  [[nodiscard]] std::string name_of(ipc::Place at, std::optional<supervision::Pid> pid) const;
  [[nodiscard]] std::string describe(const supervision::Failure& failure) const;

  const std::vector<std::string> arguments_;
  const config::Environment environment_;
  config::Options initial_options_;
  child::Log log_;
  ipc::OwnedFd signal_fd_;
  std::map<supervision::Generation, SharedPlan> plans_;  // of generations that may still be used
  std::optional<ipc::Segment> segment_;
  std::optional<ipc::Inboxes> inboxes_;
  std::optional<ipc::Leadership> leadership_;
  std::optional<FileWatch> watch_;  // with --reload
  std::optional<supervision::Supervisor> supervisor_;
  std::deque<supervision::Action> pending_;
  std::map<ipc::Place, Child> children_;  // by slot and seat
  std::uint64_t reaped_cpu_us_ = 0;       // of the process that is being reported as exited
  std::string last_boot_failure_;         // in the words of the process that failed
  supervision::Generation last_generation_ = 1;
  bool performing_ = false;  // guards against performing actions within actions
  bool announced_ready_ = false;
  bool stop_requested_ = false;
  std::optional<config::ExitCode> exit_code_;
};

}  // namespace prefork::master
