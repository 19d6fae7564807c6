// The master: owns the listening sockets, the statistics segment and the processes; decides nothing
// itself (the supervisor core does) and never reads from the network. One thread, no event loop
// library, no asynchronous logger: whatever runs here is copied by every fork.
//
// A turn of its loop: wait (poll over the signalfd and the children's pipes, until the next
// deadline), turn what happened into events, carry out the actions that follow. Here the parts of
// the master are tied together; what each does is told in its own header.
#pragma once

#include <deque>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "config/load.h"
#include "config/values/exit_code.h"
#include "workers/child/child_mains.h"
#include "workers/child/log.h"
#include "workers/master/announcer.h"
#include "workers/master/boot_failures.h"
#include "workers/master/children.h"
#include "workers/master/commands.h"
#include "workers/master/commons.h"
#include "workers/master/cpu_watch.h"
#include "workers/master/deaths.h"
#include "workers/master/fork_servers.h"
#include "workers/master/narrator.h"
#include "workers/master/pending_commands.h"
#include "workers/master/plans.h"
#include "workers/master/publisher.h"
#include "workers/master/reload_watch.h"
#include "workers/master/reloader.h"
#include "workers/master/signals.h"
#include "workers/master/soak_watch.h"
#include "workers/master/spawner.h"
#include "workers/master/upgrade.h"
#include "workers/master/vitals.h"
#include "workers/supervision/supervisor.h"

namespace prefork::master {

class Master {
 public:
  // What is there before it: see start.cpp and resume.cpp. What is not its own outlives it.
  struct Start {
    child::Log& log;
    const Signals& signals;
    const ControlSocket& control;  // for the observer
    const PidFile& pid_file;
    Plans plans;
    supervision::Generation generation;  // of these, that serves
    // Read again for a reload.
    std::vector<std::string> arguments;
    config::Environment environment;
    child::ChildMains mains;
    ServiceManager manager;
    Origin origin;
  };

  // Makes what the processes share, or goes on with it. Throws std::exception.
  explicit Master(Start start);
  Master(const Master&) = delete;
  Master& operator=(const Master&) = delete;

  // Serves until it is told to stop; returns the exit code. In a forked child it does not return.
  config::ExitCode run();

 private:
  // Begins, or goes on where the program before was.
  void begin();
  // What happens.
  void turn();
  void take_signals();
  void reap();
  void read(ipc::Place at);
  void read_all();
  void hear(ipc::Place at, const Heard& heard);
  void hear_observer(ipc::Place at, const ipc::Message& message);
  void hear_pid(ipc::Place at, std::int32_t pid);
  void lose(const ForkServers::Lost& lost);
  void follow_cpus();
  // Tells the supervisor and carries out what follows, before anything else is told.
  void report(const supervision::Event& event);

  // What is done about it.
  void perform(const supervision::action::Spawn& spawn);
  void perform(const supervision::action::Drain& drain);
  void perform(const supervision::action::Kill& kill);
  void perform(const supervision::action::Compare& compare);
  void perform(const supervision::action::Release& release);
  void perform(const supervision::action::Notice& notice);
  void perform(const supervision::action::Finish& finish);

  // How it is told.
  void say(const Line& line) { log_.write(line.level, line.text); }
  void say(const Lines& lines);
  void forget_unused();
  // Its process is, or was, on the way from a fork server.
  [[nodiscard]] bool awaits_pid(ipc::Place at) const;
  [[nodiscard]] Narrator::Pid pid_of(ipc::Place at) const { return supervisor_.seat(at).pid; }
  [[nodiscard]] std::string_view last_words_of(
      const std::optional<supervision::Failure>& failure) const;
  [[nodiscard]] AtWork at_work(ipc::Place at) const;

  // Of the supervisor.
  struct Orders {
    std::deque<supervision::Action> pending;
    bool are_performed = false;  // none is performed within another
  };

  // How far it has come, and who is told of it.
  struct Course {
    Announcer announcer;
    std::optional<config::ExitCode> exit_code;
  };

  // What may change while it serves.
  struct Watched {
    ReloadWatch files;  // with --reload
    CpuWatch cpus;      // with --workers auto
    SoakWatch soak;     // with --reload-soak
  };

  child::Log& log_;
  const Signals& signals_;
  Plans plans_;
  Commons commons_;
  Publisher publisher_;
  supervision::Supervisor supervisor_;
  Narrator narrator_;
  Deaths deaths_;
  Children children_;
  ForkServers fork_servers_;  // with --start-method forkserver
  Spawner spawner_;
  Reloader reloader_;
  Watched watched_;
  Commands commands_;
  PendingCommands pending_;
  Vitals vitals_;
  Upgrade upgrade_;
  Orders orders_;
  Course course_;
};

}  // namespace prefork::master
