#include "workers/master/commands.h"

#include <algorithm>
#include <csignal>
#include <system_error>
#include <utility>

#include "workers/master/log_files.h"
#include "workers/master/narrator.h"

namespace prefork::master {

namespace {

CommandResult server_stops() { return {{{"the server is stopping"}}}; }

}  // namespace

Commands::Commands(Parts parts) : parts_(std::move(parts)) {}

// New clients are turned away from now on; who is in the queue already is served by the workers.
CommandResult Commands::stop(std::string_view why) {
  if (stop_requested_) {
    return {};
  }
  stop_requested_ = true;
  parts_.publisher.stopping();
  parts_.log.info(why);
  parts_.plans.stop_admitting();
  parts_.report(supervision::event::Stop{supervision::StopMode::graceful});
  parts_.plans.close();
  return {};
}

CommandResult Commands::stop_now(std::string_view why) {
  parts_.log.warning(why);
  stop_requested_ = true;
  parts_.report(supervision::event::Stop{supervision::StopMode::now});
  return {};
}

CommandResult Commands::stop_later(supervision::TimePoint now) {
  const auto delay = parts_.plans.at(parts_.supervisor.generation()).options.service.shutdown_delay;
  if (delay.count() == 0) {
    return stop(why_of(SIGTERM));
  }
  if (stop_at_ || stop_requested_) {
    return {};
  }
  stop_at_ = now + delay;
  parts_.publisher.stopping();
  parts_.log.info(stops_later(delay));
  return {};
}

std::optional<supervision::TimePoint> Commands::deadline() const {
  return stop_requested_ ? std::nullopt : stop_at_;
}

void Commands::enforce(supervision::TimePoint now) {
  if (deadline() && now >= *stop_at_) {
    stop(kDelayIsOver);
  }
}

CommandResult Commands::reload(const std::string& why) {
  const supervision::Supervisor& supervisor = parts_.supervisor;
  if (supervisor.stopping() || stop_at_) {
    return server_stops();
  }
  if (reload_news_.is_upgrading) {
    parts_.log.warning(why + ": not now; " + std::string(kUpgradeReadsAnew));
    return {{{std::string(kUpgradeReadsAnew)}}};
  }
  parts_.log.info(why);
  ++reload_news_.asked;
  reload_news_.refused.clear();
  auto made = parts_.reloader.make_plan({parts_.plans.at(supervisor.generation()),
                                         supervisor.observer_slot(), parts_.plans.living()});
  if (!made.ok()) {
    return refuse_reload(made.problem());
  }
  const SharedPlan plan = std::move(made).value();
  const config::Options& options = plan->options;
  if (const auto followed = follow(options); !followed.ok()) {
    return refuse_reload({followed.problem()});
  }
  if (options.target.kind == config::ServeTarget::Kind::application) {
    parts_.log.info(serves(options.target.path, plan->build_id).text);
  }
  const supervision::Generation generation = parts_.plans.add(plan);
  parts_.report(supervision::event::Reload{generation, supervision_settings(options)});
  return {};
}

CommandResult Commands::upgrade(std::string_view why) {
  const supervision::Supervisor& supervisor = parts_.supervisor;
  std::string obstacle;
  if (supervisor.stopping() || is_leaving()) {
    obstacle = "the server is stopping";
  } else if (reload_news_.is_upgrading) {
    obstacle = "an upgrade is under way already";
  } else if (supervisor.reloading() || supervisor.rolling_back()) {
    obstacle = "processes are being replaced; try again when that is over";
  }
  if (!obstacle.empty()) {
    parts_.log.warning(std::string(why) + ": not now; " + obstacle);
    return {{{std::move(obstacle)}}};
  }
  parts_.log.info(why);
  reload_news_.is_upgrading = true;
  reload_news_.refused.clear();
  parts_.publisher.reload_history().upgrade_asked();
  return {};
}

config::Result<void> Commands::follow(const config::Options& options) {
  provide_log_files(options);
  if (const auto opened = parts_.log.open(options.logging.file, options.logging.level);
      !opened.ok()) {
    return config::Problem{"--log-file: " + opened.problem().text};
  }
  log_level_.reset();
  try {
    parts_.watch.follow(options, supervision::Clock::now());
  } catch (const std::system_error& error) {
    parts_.log.error(error.what());
  }
  return {};
}

void Commands::follow_files(supervision::TimePoint now) {
  if (parts_.supervisor.stopping()) {
    return parts_.watch.stop();
  }
  const FileNews news = parts_.watch.drain(now);
  for (const std::string& remark : news.remarks) {
    parts_.log.warning(remark);
  }
  if (!news.changed.empty()) {
    reload("reload: " + news.changed + " changed");
  }
}

void Commands::watch_listeners(PollSet& polled) {
  if (stop_requested_) {
    return;
  }
  for (const SharedSocket& socket : parts_.plans.at(parts_.supervisor.generation()).sockets) {
    if (!socket->is_lost()) {
      polled.add_for_end(socket->fd(), [this] { restore_listeners(); });
    }
  }
}

// All of them, before a reload would open those a second time that can listen again.
void Commands::restore_listeners() {
  if (stop_requested_) {
    return;
  }
  const ServingPlan& plan = parts_.plans.at(parts_.supervisor.generation());
  std::string lost;
  for (const SharedSocket& socket : plan.sockets) {
    if (socket->is_lost() || !socket->is_shut_down()) {
      continue;
    }
    if (socket->listen_again(static_cast<int>(plan.options.listening.backlog))) {
      parts_.log.warning(was_shut_down(socket->url()) + "; it listens again");
    } else {
      socket->note_lost();
      lost = was_shut_down(socket->url());
    }
  }
  if (!lost.empty()) {
    reload(lost + "; a reload opens it anew");
  }
}

CommandResult Commands::refuse_reload(Problems problems) {
  for (const config::Problem& problem : problems) {
    parts_.log.error(problem.text);
  }
  parts_.log.error(kReloadGivenUp);
  reload_news_.refused = "the last reload was given up: " + problems.front().text;
  parts_.publisher.reload_history().reload_refused(problems.front().text);
  return {std::move(problems)};
}

CommandResult Commands::add_worker(std::string_view why) {
  return change_workers(supervision::event::AddWorker{}, why,
                        no_room_for_worker(parts_.supervisor.observer_slot()));
}

CommandResult Commands::remove_worker(std::string_view why) {
  return change_workers(supervision::event::RemoveWorker{}, why, std::string(kLastWorkerStays));
}

// The supervisor says in the log what the obstacle is.
CommandResult Commands::change_workers(const supervision::Event& event, std::string_view why,
                                       const std::string& obstacle) {
  parts_.log.info(why);
  const std::uint32_t before = parts_.supervisor.workers();
  parts_.report(event);
  if (parts_.supervisor.workers() != before) {
    return {};
  }
  return parts_.supervisor.stopping() ? server_stops() : CommandResult{{{obstacle}}};
}

// What an operator has chosen meanwhile counts until the next change.
void Commands::follow_cpus(const CpuWatch::Change& change) {
  const supervision::Supervisor& supervisor = parts_.supervisor;
  const std::uint32_t room = supervisor.observer_slot();
  const std::uint32_t wanted = std::min(change.now.workers, room);
  parts_.log.info(means_other_workers(change.before, change.now, room));
  while (supervisor.workers() != wanted) {
    const std::uint32_t before = supervisor.workers();
    if (before < wanted) {
      parts_.report(supervision::event::AddWorker{});
    } else {
      parts_.report(supervision::event::RemoveWorker{});
    }
    if (supervisor.workers() == before) {
      return;  // an operator has drained the others
    }
  }
}

CommandResult Commands::scale(std::uint32_t workers, std::string_view why) {
  const std::uint32_t room = parts_.supervisor.observer_slot();
  if (parts_.supervisor.stopping()) {
    return server_stops();
  }
  if (workers < 1 || workers > room) {
    return {{{"this server has room for 1 to " + std::to_string(room) +
              " workers; for more start it with a larger --workers"}}};
  }
  parts_.log.info(why);
  parts_.report(supervision::event::SetWorkers{workers});
  return {};
}

CommandResult Commands::refuse_slot(std::uint32_t slot) const {
  if (parts_.supervisor.stopping()) {
    return server_stops();
  }
  const std::uint32_t workers = parts_.supervisor.workers();
  if (slot >= workers) {
    return {{{"there is no worker " + std::to_string(slot) + "; the last one is worker " +
              std::to_string(workers - 1)}}};
  }
  return {};
}

CommandResult Commands::restart(std::uint32_t slot, std::string_view why) {
  if (auto refused = refuse_slot(slot); !refused.ok()) {
    return refused;
  }
  parts_.log.info(why);
  parts_.report(supervision::event::RestartSlot{slot});
  return {};
}

CommandResult Commands::drain(std::uint32_t slot, std::string_view why) {
  if (auto refused = refuse_slot(slot); !refused.ok()) {
    return refused;
  }
  parts_.log.info(why);
  parts_.report(supervision::event::DrainSlot{slot});
  const bool stays = parts_.supervisor.slots()[slot].want == supervision::Want::run;
  return stays ? CommandResult{{{std::string(kLastWorkerStays)}}} : CommandResult{};
}

CommandResult Commands::set_log_level(config::LogLevel level, std::string_view why) {
  parts_.log.info(why);
  log_level_ = level;
  parts_.log.set_level(level);
  parts_.children.send_to_all(ipc::LogLevelFrame{static_cast<std::uint32_t>(level)});
  return {};
}

void Commands::tell_log_level(ipc::Place at) {
  if (log_level_) {
    parts_.children.send(at, ipc::LogLevelFrame{static_cast<std::uint32_t>(*log_level_)});
  }
}

CommandResult Commands::reopen_logs(std::string_view why) {
  provide_log_files(parts_.plans.at(parts_.supervisor.generation()).options);
  // Each process opens its own, and says so itself when it cannot.
  parts_.children.send_to_all(ipc::ReopenLogsFrame{});
  parts_.fork_servers.reopen_logs();
  const auto opened = parts_.log.reopen();
  if (!opened.ok()) {
    parts_.log.error(opened.problem().text + "; the log goes on where it was");
    return {{opened.problem()}};
  }
  parts_.log.info(why);
  return {};
}

void Commands::hand_over(Handover& handover) const {
  handover.log_level = log_level_ ? static_cast<std::int32_t>(*log_level_) : -1;
}

void Commands::restore(const Handover& handover) {
  if (handover.log_level >= 0) {
    log_level_ = static_cast<config::LogLevel>(handover.log_level);
  }
}

CommandResult Commands::obey(int signal) {
  switch (signal) {
    case SIGTERM:
      return stop_later(supervision::Clock::now());
    case SIGINT:
      if (stop_requested_) {
        return stop_now(is_interrupted_ ? why_of(signal, true) : std::string(kInterruptedStop));
      }
      is_interrupted_ = true;
      return stop(why_of(signal));
    case SIGQUIT:
      return stop_now(why_of(signal));
    case SIGHUP:
      return reload(why_of(signal));
    case SIGTTIN:
      return add_worker(why_of(signal));
    case SIGTTOU:
      return remove_worker(why_of(signal));
    case SIGUSR1:
      return reopen_logs(why_of(signal));
    case SIGUSR2:
      return upgrade(why_of(signal));
    default:
      return {};
  }
}

}  // namespace prefork::master
