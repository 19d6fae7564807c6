#include "workers/master/master.h"

#include <csignal>
#include <utility>
#include <variant>

#include "ipc/base/monotonic.h"
#include "workers/child/process_limits.h"
#include "workers/master/poll_set.h"
#include "workers/master/reaper.h"

namespace prefork::master {

using supervision::Clock;

Master::Master(Start start)
    : log_(start.log),
      signals_(start.signals),
      plans_(std::move(start.plans)),
      commons_(start.origin.before ? Commons(*start.origin.before)
                                   : Commons(plans_.at(start.generation).options)),
      publisher_(commons_.segment, commons_.tasks.get(), start.origin.before.has_value()),
      supervisor_(start.origin.before
                      ? supervision::Supervisor(start.origin.before->supervisor)
                      : supervision::Supervisor(first_settings(plans_.at(start.generation).options),
                                                start.generation)),
      narrator_(supervisor_.observer_slot()),
      deaths_({commons_.segment, publisher_, plans_, narrator_, log_}, commons_.kept.get(),
              start.generation, plans_.at(start.generation).options.limits.route_deaths),
      spawner_(std::move(start.mains),
               {commons_.segment, commons_.inboxes, commons_.leadership, commons_.shared,
                commons_.tasks.get(), log_, fork_servers_, start.control.fd(), commons_.kept.get(),
                commons_.log_rings, commons_.spans.get()}),
      reloader_(std::move(start.arguments), std::move(start.environment),
                [this](config::LogLevel level, std::string_view line) { log_.write(level, line); }),
      watched_{{}, CpuWatch(), SoakWatch(commons_.segment)},
      commands_({supervisor_, plans_, children_, fork_servers_, publisher_, reloader_,
                 watched_.files, log_, [this](const supervision::Event& event) { report(event); }}),
      pending_(supervisor_, commands_,
               [this](ipc::Place observer, const ipc::OutcomeFrame& told) {
                 children_.send(observer, told);
               }),
      vitals_({supervisor_, publisher_, narrator_, children_, log_,
               [this](const supervision::Event& event) { report(event); }}),
      upgrade_({supervisor_, plans_, commons_, children_, fork_servers_, deaths_.diagnosis(),
                course_.announcer, reloader_, commands_, pending_, log_, signals_, start.control,
                start.pid_file},
               std::move(start.origin)),
      course_{Announcer(std::move(start.manager), upgrade_.goes_on()), {}} {
  watched_.files.follow(plans_.at(start.generation).options, Clock::now());
}

void Master::begin() {
  if (upgrade_.goes_on()) {
    upgrade_.restore(Clock::now());
    // Who has ended meanwhile is told by no signal.
    reap();
    return upgrade_.begin();
  }
  say(Announcer::start(plans_.first(), watched_.files.describe()));
  report(supervision::event::Started{});
}

config::ExitCode Master::run() {
  begin();
  while (!course_.exit_code) {
    // What is left undone is done by the next turn, or judged by a deadline.
    try {
      turn();
    } catch (const std::exception& error) {
      log_.error(std::string("the master could not do what it wanted: ") + error.what());
    }
  }
  // Nobody else is left: the applications' own ends, each within its grace, and last words.
  while (!fork_servers_.empty() || !deaths_.is_all_told()) {
    turn();
  }
  return *course_.exit_code;
}

void Master::turn() {
  PollSet polled;
  // What children say first: the last words of one that has ended belong to its end.
  for (const Children::Pipe& pipe : children_.open_pipes()) {
    polled.add(pipe.read_fd, [this, at = pipe.at] { read(at); });
  }
  polled.add(signals_.fd(), [this] { take_signals(); });
  if (watched_.files.fd() >= 0) {
    polled.add(watched_.files.fd(), [] {});  // drained in every turn, below
  }
  commands_.watch_listeners(polled);
  deaths_.diagnosis().watch(polled);
  upgrade_.watch(polled);
  polled.wait_until({supervisor_.next_deadline(), watched_.files.deadline(),
                     watched_.cpus.deadline(), fork_servers_.deadline(), commands_.deadline(),
                     course_.announcer.deadline(), deaths_.deadline(), upgrade_.deadline()});
  publisher_.beat(look_at_accept_queues(plans_.at(supervisor_.generation()).sockets));
  publisher_.lines_lost(log_.settle_losses());
  polled.dispatch();
  fork_servers_.enforce(Clock::now());
  deaths_.enforce(Clock::now());
  say(deaths_.boot_failures().take_old(Clock::now()));
  if (!course_.exit_code) {
    commands_.enforce(Clock::now());
    commands_.follow_files(Clock::now());
    follow_cpus();
    vitals_.look();
    deaths_.diagnosis().look(supervisor_);
    report(supervision::event::Tick{});
    pending_.settle();
    upgrade_.step(Clock::now());
  }
  course_.announcer.tell_manager(supervisor_, commands_.reload_news(), commands_.is_leaving(),
                                 Clock::now());
  if (supervisor_.stopping()) {
    forget_unused();
  }
}

void Master::take_signals() {
  for (const TakenSignal signal : signals_.take()) {
    if (signal.number == SIGCHLD) {
      reap();
    } else if (course_.exit_code) {
      continue;
    } else if (signal.is_hang_up) {
      commands_.stop(kTerminalClosed);
    } else {
      commands_.obey(signal.number);
    }
  }
}

void Master::reap() {
  const auto note_usage = [this](const Reaped& ended) {
    if (const auto at = supervisor_.find(ended.pid)) {
      publisher_.ended(*at, ended.exit.cpu_us);
    }
  };
  while (std::optional<Reaped> reaped = reap_one(note_usage)) {
    if (const auto lost = fork_servers_.on_reaped(reaped->pid, reaped->exit)) {
      lose(*lost);
      continue;
    }
    if (!supervisor_.find(reaped->pid)) {
      read_all();  // its pid may be among what nobody has read yet
    }
    const auto at = supervisor_.find(reaped->pid);
    if (!at) {
      const bool is_known =
          deaths_.on_reaped(reaped->pid) || upgrade_.on_reaped(reaped->pid, reaped->exit);
      say(is_known ? Lines{} : Lines{reaped_stranger(reaped->pid)});
      continue;
    }
    read(*at);
    reaped->exit.requests = publisher_.unfinished_requests(*at);
    report(supervision::event::Exited{reaped->pid, reaped->exit});
  }
}

void Master::read(ipc::Place at) {
  children_.read(at, [this](ipc::Place of, const Heard& heard) { hear(of, heard); });
  // The fork server has said why there is no process.
  if (awaits_pid(at) && children_.has_last_words(at)) {
    report(supervision::event::ForkFailed{at, 0, {}});
  }
}

void Master::read_all() {
  for (const Children::Pipe& pipe : children_.open_pipes()) {
    read(pipe.at);
  }
}

bool Master::awaits_pid(ipc::Place at) const {
  return supervisor_.seat(at).occupied() && !supervisor_.seat(at).pid;
}

// Whoever it was still to fork never comes.
void Master::lose(const ForkServers::Lost& lost) {
  if (!lost.was_dismissed) {
    say(fork_server_ended(lost.generation, lost.exit));
  }
  for (const ipc::Place at : supervisor_.places()) {
    read(at);
    if (!awaits_pid(at) || supervisor_.seat(at).generation != lost.generation) {
      continue;
    }
    const config::Options& options = plans_.at(lost.generation).options;
    const bool was_loading = options.processes.preload;
    children_.speak_for(at, was_loading ? ended_while_it_was_loaded(options.target.path, lost.exit)
                                        : ended_before_it_forked(lost.exit));
    supervision::Exit exit;
    exit.code = config::to_int(was_loading ? config::ExitCode::application_failed
                                           : config::ExitCode::no_worker_booted);
    report(supervision::event::ForkFailed{at, 0, exit});
  }
}

void Master::hear(ipc::Place at, const Heard& heard) {
  if (const auto* error = std::get_if<ipc::FrameError>(&heard)) {
    return say(narrator_.sent_something_unreadable(at, pid_of(at), *error));
  }
  if (std::holds_alternative<OtherEpoch>(heard)) {
    return say(narrator_.sent_frame_of_other_epoch(at, pid_of(at)));
  }
  if (std::holds_alternative<NoLongerHeard>(heard)) {
    return say(narrator_.is_no_longer_heard(at, pid_of(at)));
  }
  const auto& frame = std::get<ipc::Frame>(heard);
  if (const auto* forked = std::get_if<ipc::ForkedFrame>(&frame.message)) {
    hear_pid(at, forked->pid);
  } else if (const auto* ready = std::get_if<ipc::ReadyFrame>(&frame.message)) {
    publisher_.ready(at);
    say(narrator_.ready(at, pid_of(at), *ready));
    say(at.slot < supervisor_.observer_slot() ? deaths_.boot_failures().take_all() : Lines{});
    report(supervision::event::Ready{at, frame.epoch});
    commands_.tell_log_level(at);
  } else if (std::holds_alternative<ipc::AliveFrame>(frame.message)) {
    report(supervision::event::Beat{at, Clock::now()});
  } else if (const auto* wish = std::get_if<ipc::RecycleFrame>(&frame.message)) {
    report(supervision::event::Recycle{at, frame.epoch, wish->reason});
  } else if (at.slot == supervisor_.observer_slot()) {
    hear_observer(at, frame.message);
  } else if (std::holds_alternative<ipc::CommandFrame>(frame.message) ||
             std::holds_alternative<ipc::OversizedFrame>(frame.message)) {
    say(narrator_.sent_something_unreadable(at, pid_of(at), ipc::FrameError::kind));
  }
}

// Operators reach it alone, and it measures the others.
void Master::hear_observer(ipc::Place at, const ipc::Message& message) {
  if (const auto* command = std::get_if<ipc::CommandFrame>(&message)) {
    return pending_.take(at, *command);
  }
  const auto* worker = std::get_if<ipc::OversizedFrame>(&message);
  if (worker == nullptr || worker->at.slot >= supervisor_.observer_slot()) {
    return;
  }
  const supervision::Seat& seat = supervisor_.seat(worker->at);
  if (seat.epoch != worker->epoch || seat.successor_due) {
    return;  // it is gone, or about to go
  }
  say(narrator_.is_oversized(worker->at, seat.pid, worker->bytes,
                             plans_.at(seat.generation).options.recycling.max_memory));
  report(
      supervision::event::Recycle{worker->at, worker->epoch, supervision::RecycleReason::memory});
}

// It may say what it likes, but only a child of this process is supervised.
void Master::hear_pid(ipc::Place at, std::int32_t pid) {
  if (!awaits_pid(at) || !is_child(pid)) {
    return;
  }
  publisher_.forked(at, pid);
  say(narrator_.started(at, pid));
  report(supervision::event::Forked{at, pid});
}

// With `--workers auto`, of the configuration that serves.
void Master::follow_cpus() {
  const bool is_wanted = plans_.at(supervisor_.generation()).options.processes.workers_auto;
  if (const auto change = watched_.cpus.look(is_wanted && !supervisor_.stopping(), Clock::now())) {
    commands_.follow_cpus(*change);
  }
}

void Master::report(const supervision::Event& event) {
  for (supervision::Action& action : supervisor_.on(event, Clock::now())) {
    orders_.pending.push_back(std::move(action));
  }
  // A Spawn is answered from here by another event, which may only append: the queue keeps the
  // order.
  if (orders_.are_performed) {
    return;
  }
  orders_.are_performed = true;
  while (!orders_.pending.empty()) {
    const supervision::Action action = std::move(orders_.pending.front());
    orders_.pending.pop_front();
    try {
      std::visit([this](const auto& order) { perform(order); }, action);
    } catch (...) {
      orders_.are_performed = false;
      throw;
    }
  }
  orders_.are_performed = false;
  const bool is_ready_now = course_.announcer.has_become_ready(supervisor_, publisher_.age_ns());
  publisher_.states(supervisor_, course_.announcer.is_ready());
  if (is_ready_now) {
    // Whoever hears it may look at once.
    say(Announcer::announce(supervisor_, plans_.at(supervisor_.generation()), publisher_.age_ns()));
  }
}

void Master::perform(const supervision::action::Spawn& spawn) {
  const std::uint64_t forked_ns = ipc::monotonic_ns();
  publisher_.spawning(spawn, forked_ns);
  children_.forget_last_words(spawn.at);
  Spawner::Spawned spawned = spawner_.spawn(spawn, plans_.at(spawn.generation), forked_ns);
  if (spawned.pid < 0) {
    children_.note_last_words(spawn.at, child::describe_failed_fork(spawned.error_number));
    return report(supervision::event::ForkFailed{spawn.at, spawned.error_number, {}});
  }
  children_.add(spawn.at, spawn.epoch, std::move(spawned.control));
  if (spawned.pid == 0) {
    return;  // it tells its pid when it is there
  }
  publisher_.forked(spawn.at, spawned.pid);
  say(narrator_.started(spawn.at, spawned.pid));
  report(supervision::event::Forked{spawn.at, spawned.pid});
}

void Master::perform(const supervision::action::Drain& drain) {
  if (drain.at.slot == supervisor_.observer_slot() && drain.why == ipc::DrainReason::stop) {
    pending_.stopped();
  }
  if (children_.send(drain.at, ipc::DrainFrame{drain.why}) == ipc::SendResult::full) {
    say(narrator_.does_not_read(drain.at, pid_of(drain.at)));
  }
}

void Master::perform(const supervision::action::Kill& kill) {
  say(narrator_.gets(kill));
  ::kill(kill.pid, kill.signal == supervision::Signal::abort ? SIGABRT : SIGKILL);
}

void Master::perform(const supervision::action::Compare& compare) {
  report(supervision::event::Compared{compare.at, compare.epoch, watched_.soak.is_worse()});
}

void Master::perform(const supervision::action::Release& release) {
  if (release.last.pid) {
    deaths_.tell(release, children_.is_work_told(release.at));
  }
  children_.remove(release.at, release.last.pid);
  pending_.forget(release.at);
  publisher_.released(release);
  forget_unused();
}

void Master::forget_unused() {
  plans_.forget_unused(supervisor_);
  const bool is_over = supervisor_.stopping();  // nobody is started any more
  fork_servers_.keep_only(is_over ? std::vector<supervision::Generation>() : plans_.generations(),
                          Clock::now());
}

void Master::perform(const supervision::action::Notice& notice) {
  using supervision::NoticeKind;
  if (notice.kind == NoticeKind::reload_finished) {
    deaths_.route_guard().restart(supervisor_.generation(),
                                  plans_.at(supervisor_.generation()).options.limits.route_deaths);
  }
  if (notice.kind == NoticeKind::soak_started) {
    watched_.soak.begin(*notice.at);
  }
  if (notice.kind == NoticeKind::boot_deadline_passed && awaits_pid(*notice.at)) {
    fork_servers_.kill(supervisor_.seat(*notice.at).generation);
  }
  if (notice.kind == NoticeKind::boot_failed) {
    deaths_.boot_failures().add(narrator_.name_of(*notice.at, notice.pid),
                                Narrator::reason_of(*notice.failure, last_words_of(notice.failure)),
                                Clock::now());
  }
  pending_.note(notice, notice.failure
                            ? narrator_.describe(*notice.failure, last_words_of(notice.failure))
                            : "");
  const Lines lines = narrator_.tell(notice, last_words_of(notice.failure),
                                     notice.at ? at_work(*notice.at) : AtWork{});
  say(lines);
  publisher_.noticed(notice, lines.empty() ? "" : lines.front().text);
  upgrade_.note(notice, lines.empty() ? "" : lines.front().text);
  if (notice.kind == NoticeKind::quarantine_started) {
    deaths_.tell_stuck(*notice.at, supervisor_.seat(*notice.at));
  }
  if (notice.kind == NoticeKind::silent || notice.kind == NoticeKind::drain_deadline_passed) {
    children_.note_work_told(*notice.at);
  }
  const bool is_given_up = notice.kind == NoticeKind::reload_aborted && notice.failure;
  if (is_given_up || notice.kind == NoticeKind::rollback_started) {
    commands_.note_given_up(lines.front().text);
    const auto followed = commands_.follow(plans_.at(supervisor_.generation()).options);
    say(followed.ok() ? Lines{} : Lines{{config::LogLevel::error, followed.problem().text}});
  }
  if (notice.kind == NoticeKind::reload_finished || notice.kind == NoticeKind::reload_aborted ||
      notice.kind == NoticeKind::rollback_finished) {
    forget_unused();
  }
}

void Master::perform(const supervision::action::Finish& finish) {
  course_.exit_code = finish.code;
  forget_unused();
  if (!finish.reason) {
    return say(stopped(finish.code));
  }
  deaths_.tell_giving_up(*finish.reason, last_words_of(finish.reason));
}

std::string_view Master::last_words_of(const std::optional<supervision::Failure>& failure) const {
  if (failure && failure->kind == supervision::FailureKind::worse) {
    const std::string& verdict = watched_.soak.verdict();
    return verdict.empty() ? kHandlerIsStuck : std::string_view(verdict);
  }
  return failure ? children_.last_words(failure->at, failure->pid) : std::string_view();
}

AtWork Master::at_work(ipc::Place at) const {
  return {publisher_.requests_in_flight(at), ipc::monotonic_ns(), publisher_.part_at_work(at)};
}

void Master::say(const Lines& lines) {
  for (const Line& line : lines) {
    say(line);
  }
}

}  // namespace prefork::master
