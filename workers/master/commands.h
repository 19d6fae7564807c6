// What an operator can ask a running master for, by signals or over the control socket; each
// command answers, says the same in the log, and leaves what follows to the supervisor. Master
// only.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "workers/child/log.h"
#include "workers/master/children.h"
#include "workers/master/cpu_watch.h"
#include "workers/master/fork_servers.h"
#include "workers/master/handover.h"
#include "workers/master/plans.h"
#include "workers/master/poll_set.h"
#include "workers/master/publisher.h"
#include "workers/master/reload_watch.h"
#include "workers/master/reloader.h"
#include "workers/supervision/supervisor.h"

namespace prefork::master {

// What was in the way; empty: it is done, or has begun.
struct CommandResult {
  Problems problems;

  [[nodiscard]] bool ok() const { return problems.empty(); }
};

// What became of the reloads.
struct ReloadNews {
  std::uint64_t asked = 0;  // so many, the refused ones with them
  std::string refused;      // why the last one was given up; empty: it was not, or not yet
  bool is_upgrading = false;
};

class Commands {
 public:
  // All of it outlives the commands.
  struct Parts {
    const supervision::Supervisor& supervisor;
    Plans& plans;
    Children& children;
    ForkServers& fork_servers;
    Publisher& publisher;
    const Reloader& reloader;
    ReloadWatch& watch;
    child::Log& log;
    // Tells the supervisor and carries out what follows.
    std::function<void(const supervision::Event&)> report;
  };

  explicit Commands(Parts parts);

  // `why` is the line of the log that says so.
  //
  // Requests that run may finish. Asked a second time it does nothing: service managers repeat it.
  CommandResult stop(std::string_view why);
  CommandResult stop_now(std::string_view why);
  // With --shutdown-delay: the server says that it is not ready any more, and goes on serving until
  // the time is over; then it is stopped as by stop(). Asked again, nothing changes.
  CommandResult stop_later(supervision::TimePoint now);
  // When enforce() stops it; none: it does not.
  [[nodiscard]] std::optional<supervision::TimePoint> deadline() const;
  void enforce(supervision::TimePoint now);
  [[nodiscard]] bool stop_requested() const { return stop_requested_; }
  // Or will be, after --shutdown-delay.
  [[nodiscard]] bool is_leaving() const { return stop_requested_ || stop_at_; }

  // Reads the configuration again and has every process replaced by one that uses it. Whatever is
  // wrong with it is told, and everything stays as it is.
  CommandResult reload(const std::string& why);

  // Wants to go on as the program that lies at the server's path by now; see Upgrade. What becomes
  // of that shows later, and until then nothing is reloaded.
  CommandResult upgrade(std::string_view why);
  [[nodiscard]] bool upgrading() const { return reload_news_.is_upgrading; }
  void set_upgrading(bool is_upgrading) { reload_news_.is_upgrading = is_upgrading; }

  // Of one that was given up later than that.
  void note_given_up(const std::string& why) { reload_news_.refused = why; }
  [[nodiscard]] ReloadHistory& history() { return parts_.publisher.reload_history(); }
  [[nodiscard]] const ReloadNews& reload_news() const { return reload_news_; }
  // Of the next reload that begins.
  [[nodiscard]] supervision::Generation next_generation() const {
    return parts_.plans.next_generation();
  }

  // The log and what --reload watches are as these options say: of a reload that begins, and of
  // those that serve on when it is given up. What cannot be opened stays as it is.
  config::Result<void> follow(const config::Options& options);

  // With --reload: reloads when one of them has changed.
  void follow_files(supervision::TimePoint now);

  // While the server serves: a listening socket that somebody shuts down listens again, or is
  // opened anew by a reload.
  void watch_listeners(PollSet& polled);

  CommandResult add_worker(std::string_view why);
  CommandResult remove_worker(std::string_view why);

  // Of `--workers auto`: as many workers more or less as it takes to have so many, up to the room
  // there is.
  void follow_cpus(const CpuWatch::Change& change);

  // So many workers; what was drained of them serves again.
  CommandResult scale(std::uint32_t workers, std::string_view why);
  // The worker of this slot gets a successor, and then leaves. An empty slot is filled.
  CommandResult restart(std::uint32_t slot, std::string_view why);
  // It leaves, and its slot stays empty until it is restarted or the server is scaled.
  CommandResult drain(std::uint32_t slot, std::string_view why);

  // In every process, until the next reload.
  CommandResult set_log_level(config::LogLevel level, std::string_view why);
  // For a process that has begun to serve meanwhile.
  void tell_log_level(ipc::Place at);

  // Said once it is done.
  CommandResult reopen_logs(std::string_view why);

  // For the next program of this process, and as the one before has left it.
  void hand_over(Handover& handover) const;
  void restore(const Handover& handover);

  // What a signal to the master asks for.
  CommandResult obey(int signal);

 private:
  CommandResult refuse_reload(Problems problems);
  void restore_listeners();
  CommandResult change_workers(const supervision::Event& event, std::string_view why,
                               const std::string& obstacle);
  [[nodiscard]] CommandResult refuse_slot(std::uint32_t slot) const;
  Parts parts_;
  ReloadNews reload_news_;
  std::optional<config::LogLevel> log_level_;  // none: that of the options
  bool stop_requested_ = false;
  std::optional<supervision::TimePoint> stop_at_;
  bool is_interrupted_ = false;  // the stop was asked for by SIGINT
};

}  // namespace prefork::master
