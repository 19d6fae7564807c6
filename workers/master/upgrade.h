// Another program in the place of the one that runs, in the same process and with the same
// children: nothing that the master has to know is lost, no connection, no total, no descriptor.
//
//   wanted --quiet--> checking --"it can go on"--> exec --> restore --> every process is replaced,
//                        |                           |         |        as by a reload
//                        v                           v         v             | given up
//                     refused                     refused   fails            v
//                                                              +--> exec of the program before
//
// A canary of the new program says first whether it could go on (Canary). What it would not say
// before, or does not survive, costs a step back and no more: the program before is kept open until
// every process is the new one's, and takes over again, once. It is the memory of the workers that
// both have to agree on (shared_layout()): where the new program has laid it out differently the
// upgrade is refused, and takes a restart.
//
// Observer, workers and task processes are children like all others, and serve on meanwhile. Fork
// servers end with the program that has started them: the next one starts its own. Master only.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>

#include "workers/master/announcer.h"
#include "workers/master/canary.h"
#include "workers/master/children.h"
#include "workers/master/commands.h"
#include "workers/master/commons.h"
#include "workers/master/control_socket.h"
#include "workers/master/diagnosis.h"
#include "workers/master/fork_servers.h"
#include "workers/master/handover.h"
#include "workers/master/pending_commands.h"
#include "workers/master/pid_file.h"
#include "workers/master/plans.h"
#include "workers/master/reloader.h"
#include "workers/master/resume_order.h"
#include "workers/master/signals.h"

namespace prefork::master {

// How this program has come into its process.
struct Origin {
  std::string path;                // of the program, by its name
  std::optional<Handover> before;  // none: it has made all there is itself
  ResumeOrder order;               // otherwise
};

class Upgrade {
 public:
  using TimePoint = supervision::TimePoint;

  // What has to be over first: processes that are on their way from a fork server, call stacks that
  // are being named, the server's own start.
  static constexpr std::chrono::seconds kQuietTimeout{10};

  // All of it outlives the upgrade.
  struct Parts {
    const supervision::Supervisor& supervisor;
    Plans& plans;
    const Commons& commons;
    Children& children;
    ForkServers& fork_servers;
    const Diagnosis& diagnosis;
    const Announcer& announcer;
    const Reloader& reloader;
    Commands& commands;
    PendingCommands& pending;
    child::Log& log;
    const Signals& signals;
    const ControlSocket& control;
    const PidFile& pid_file;
  };

  Upgrade(Parts parts, Origin origin);

  // This program has taken over from another one.
  [[nodiscard]] bool goes_on() const { return origin_.before.has_value(); }
  // Then, first: what the parts have not got yet. Throws std::system_error.
  void restore(TimePoint now);
  // Then: has every process replaced, or says why the new program could not.
  void begin();

  void watch(PollSet& polled) { canary_.watch(polled); }
  [[nodiscard]] std::optional<TimePoint> deadline() const;
  bool on_reaped(supervision::Pid pid, const supervision::Exit& exit) {
    return canary_.on_reaped(pid, exit);
  }
  // `text`: the notice in words.
  void note(const supervision::action::Notice& notice, const std::string& text);
  // In each turn, when all orders are carried out: goes on with what has become possible. Where a
  // program takes over it does not return.
  void step(TimePoint now);

 private:
  enum class Phase : std::uint8_t {
    none,
    wanted,     // as soon as it is quiet, the canary
    checking,   // by the canary
    approved,   // as soon as it is quiet, the new program
    replacing,  // by the new program: every process
    returning,  // as soon as it is quiet, the program before
  };

  [[nodiscard]] bool is_quiet() const;
  [[nodiscard]] bool has_strays() const;
  [[nodiscard]] Handover handover() const;
  void start_canary(TimePoint now);
  void hear_canary();
  // Where they return it has not worked.
  void take_over();
  void go_back();
  // errno.
  int exec(const std::string& path, int program, const ResumeOrder& order);
  void give_up(const std::string& why, ipc::Verdict verdict);
  void fail(const std::string& why);
  void return_because(const std::string& why);
  void replace_all(const std::string& why);

  Parts parts_;
  Origin origin_;
  Canary canary_;
  Phase phase_ = Phase::none;
  std::optional<TimePoint> quiet_until_;
  ipc::OwnedFd program_before_;
  supervision::Generation generation_ = 0;  // that is to replace every process
  std::string failure_;                     // why it could not
};

}  // namespace prefork::master
