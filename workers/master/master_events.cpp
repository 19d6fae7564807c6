// The master's eyes and ears: what happened since the last turn, told to the supervisor.
#include <poll.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/wait.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <system_error>
#include <utility>

#include "ipc/base/monotonic.h"
#include "workers/master/master.h"
#include "workers/master/preload.h"

namespace prefork::master {

namespace {

// The master shows life in the segment at least this often.
constexpr std::chrono::milliseconds kLongestWait{1'000};
constexpr std::size_t kMaxSignalsPerTurn = 32;

using ipc::Place;
using supervision::Clock;

int poll_timeout_ms(const std::optional<supervision::TimePoint>& deadline,
                    const std::optional<FileWatch>& watch) {
  auto until = Clock::now() + kLongestWait;
  until = std::min(until, deadline.value_or(until));
  until = std::min(until, watch ? watch->deadline() : until);
  // Rounded up: a turn just before the deadline would be one for nothing.
  const auto left = std::chrono::ceil<std::chrono::milliseconds>(until - Clock::now());
  return static_cast<int>(std::max(left, std::chrono::milliseconds{0}).count());
}

std::uint64_t cpu_us_of(const rusage& usage) {
  const auto us = [](const timeval& time) {
    return static_cast<std::uint64_t>(time.tv_sec) * 1'000'000U +
           static_cast<std::uint64_t>(time.tv_usec);
  };
  return us(usage.ru_utime) + us(usage.ru_stime);
}

}  // namespace

void Master::report(const supervision::Event& event) {
  for (supervision::Action& action : supervisor_->on(event, Clock::now())) {
    pending_.push_back(std::move(action));
  }
  // A Spawn is answered from here by another event, which may only append: the queue keeps the
  // order.
  if (performing_) {
    return;
  }
  performing_ = true;
  while (!pending_.empty()) {
    const supervision::Action action = std::move(pending_.front());
    pending_.pop_front();
    std::visit([this](const auto& order) { perform(order); }, action);
  }
  performing_ = false;
  publish_states();
  announce_when_ready();
}

void Master::wait_for_events() {
  std::vector<pollfd> watched = {{signal_fd_.get(), POLLIN, 0}};
  std::vector<Place> places;
  for (const auto& [key, child] : children_) {
    if (!child.closed) {
      watched.push_back({child.control.read_fd(), POLLIN, 0});
      places.push_back(key);
    }
  }
  if (watch_) {
    watched.push_back({watch_->fd(), POLLIN, 0});
  }
  const int ready =
      ::poll(watched.data(), watched.size(), poll_timeout_ms(supervisor_->next_deadline(), watch_));
  segment_->header().master_beat_ns.store(ipc::monotonic_ns(), std::memory_order_relaxed);
  if (ready > 0) {
    // What children say first: the last words of one that has ended belong to its end.
    for (std::size_t i = 0; i < places.size(); ++i) {
      const auto child = children_.find(places[i]);
      if (watched[i + 1].revents != 0 && child != children_.end()) {
        read_pipe(child->second, places[i]);
      }
    }
    if (watched.front().revents != 0) {
      read_signals();
    }
  }
  if (!exit_code_) {
    follow_files();
    report_beats();
    report(supervision::event::Tick{});
  }
}

void Master::read_signals() {
  std::array<signalfd_siginfo, kMaxSignalsPerTurn> signals{};
  const ssize_t size = ::read(signal_fd_.get(), signals.data(), sizeof signals);
  const std::size_t count = size > 0 ? static_cast<std::size_t>(size) / sizeof signals[0] : 0;
  for (std::size_t i = 0; i < count && !exit_code_; ++i) {
    on_signal(static_cast<int>(signals[i].ssi_signo));
  }
}

void Master::on_signal(int signal) {
  switch (signal) {
    case SIGCHLD:
      reap();
      break;
    case SIGTERM:
    case SIGINT:
    case SIGQUIT:
      request_stop(signal);
      break;
    case SIGHUP:
      reload("SIGHUP: reading the configuration again");
      break;
    case SIGTTIN:
      log_.info("SIGTTIN: one worker more");
      report(supervision::event::AddWorker{});
      break;
    case SIGTTOU:
      log_.info("SIGTTOU: one worker fewer");
      report(supervision::event::RemoveWorker{});
      break;
    case SIGUSR1:
      reopen_logs();
      break;
    default:
      log_.debug("signal " + std::to_string(signal) + " means nothing here");
      break;
  }
}

// TERM and INT are graceful; a second INT, or QUIT, ends everything at once. A second TERM says
// nothing new: service managers repeat it.
void Master::request_stop(int signal) {
  const bool at_once = signal == SIGQUIT || (signal == SIGINT && stop_requested_);
  if (at_once) {
    log_.warning(std::string(signal == SIGQUIT ? "SIGQUIT" : "second SIGINT") +
                 ": stopping at once");
    stop_requested_ = true;
    report(supervision::event::Stop{supervision::StopMode::now});
  } else if (!stop_requested_) {
    stop_requested_ = true;
    segment_->header().state.store(ipc::ServerState::stopping, std::memory_order_release);
    log_.info(std::string(signal == SIGINT ? "SIGINT" : "SIGTERM") +
              ": stopping; requests that run may finish" +
              (signal == SIGINT ? " (Ctrl+C again to stop at once)" : ""));
    stop_gracefully();
  }
}

// New clients are turned away from now on; who is in the queue already is served by the workers.
void Master::stop_gracefully() {
  for (const auto& [generation, plan] : plans_) {
    for (const SharedSocket& socket : plan->sockets) {
      socket->bar();
    }
  }
  report(supervision::event::Stop{supervision::StopMode::graceful});
  for (const auto& [generation, plan] : plans_) {
    for (const SharedSocket& socket : plan->sockets) {
      socket->close();
    }
  }
}

// Reads the configuration again and has every process replaced by one that uses it. Whatever is
// wrong with it is told, and everything stays as it is.
void Master::reload(const std::string& why) {
  if (supervisor_->stopping()) {
    return;
  }
  log_.info(why);
  const SharedPlan plan = plan_reload();
  if (!plan) {
    log_.error("the reload was given up; the workers go on with the configuration they have");
    return;
  }
  const config::Options& options = plan->options;
  supervision::Settings settings = supervisor_->settings();
  settings.boot_timeout = options.processes.boot_timeout;
  settings.healthcheck_timeout = options.processes.healthcheck_timeout;
  settings.graceful_timeout = options.processes.graceful_timeout;
  settings.workers = options.processes.workers;
  plans_[++last_generation_] = plan;
  try {
    watch_files(options);
  } catch (const std::system_error& error) {
    log_.error(error.what());
  }
  report(supervision::event::Reload{last_generation_, settings});
}

SharedPlan Master::plan_reload() {
  config::Loaded loaded = config::load_options(arguments_, environment_, config::LoadPhase::reload);
  for (const config::ConfigError& error : loaded.errors) {
    log_.error(error.source + ": " + error.message);
  }
  if (loaded.action != config::Action::run) {
    return nullptr;
  }
  config::Options& options = loaded.options;
  const ServingPlan& present = *plans_.at(supervisor_->generation());
  if (options.processes.workers > segment_->slot_capacity()) {
    log_.error("--workers: " + std::to_string(options.processes.workers) + " are more than the " +
               std::to_string(segment_->slot_capacity()) +
               " this master has room for; restart it for so many");
    return nullptr;
  }
  if (options.admin.address.has_value() != present.options.admin.address.has_value()) {
    log_.warning("--admin: turning the observer on or off takes a restart; it stays as it is");
    options.admin = present.options.admin;
  }
  std::vector<SharedPlan> living;
  for (const auto& [generation, known] : plans_) {
    living.push_back(known);
  }
  auto application = reload_application(options);
  if (!application) {
    return nullptr;
  }
  auto plan = make_serving_plan(options, std::move(*application), living);
  if (const auto* error = std::get_if<ListenError>(&plan)) {
    log_.error(error->message);
    return nullptr;
  }
  std::string problem;
  if (!log_.open(options.logging.file, options.logging.level, problem)) {
    log_.error("--log-file: " + problem);
    return nullptr;
  }
  return std::get<SharedPlan>(plan);
}

// Nothing, with a line in the log: it cannot be loaded.
std::optional<std::shared_ptr<native::NativeApplication>> Master::reload_application(
    const config::Options& options) {
  if (options.processes.preload) {
    if (const auto problem =
            rehearse_preload(options.target.path, options.processes.boot_timeout)) {
      log_.error(problem->text);
      return std::nullopt;
    }
  }
  auto application = load_application(options);
  if (const auto* problem = std::get_if<native::LoadProblem>(&application)) {
    log_.error(problem->text);
    return std::nullopt;
  }
  return std::get<std::shared_ptr<native::NativeApplication>>(std::move(application));
}

void Master::reopen_logs() {
  std::string problem;
  if (!log_.reopen(problem)) {
    log_.error(problem);
    return;
  }
  for (auto& [key, child] : children_) {
    child.control.send({child.epoch, ipc::ReopenLogsFrame{}});
  }
  log_.info("SIGUSR1: log files opened anew");
}

void Master::read_pipe(Child& child, Place at) {
  const auto result = child.control.receive([this, &child, at](const auto& decoded) {
    if (const ipc::Frame* frame = std::get_if<ipc::Frame>(&decoded)) {
      on_frame(child, at, *frame);
    } else {
      log_.error(name_of(at) + " sent something unreadable: " +
                 ipc::to_string(std::get<ipc::FrameError>(decoded)));
    }
  });
  child.closed = child.closed || result == ipc::ReceiveResult::closed;
}

void Master::on_frame(Child& child, Place at, const ipc::Frame& frame) {
  if (frame.epoch != child.epoch) {
    log_.error(name_of(at) + " sent a frame of another epoch; ignored");
    return;
  }
  if (const auto* ready = std::get_if<ipc::ReadyFrame>(&frame.message)) {
    if (!is_observer(at)) {
      segment_->record(at).ready_monotonic_ns.store(ipc::monotonic_ns(), std::memory_order_relaxed);
    }
    log_.debug(name_of(at) + " is ready after " + std::to_string(ready->boot_us) + " us");
    report(supervision::event::Ready{at, frame.epoch});
  } else if (const auto* failed = std::get_if<ipc::BootFailedFrame>(&frame.message)) {
    child.boot_failure = failed->reason;
  } else if (std::holds_alternative<ipc::AliveFrame>(frame.message)) {
    report(supervision::event::Beat{at, Clock::now()});
  } else if (std::holds_alternative<ipc::RecycleFrame>(frame.message)) {
    report(supervision::event::Recycle{at, frame.epoch});
  }
}

// As PID 1 of a container the master also inherits orphans of others: they are reaped and
// forgotten.
void Master::reap() {
  for (;;) {
    int status = 0;
    rusage usage{};
    const pid_t pid = ::wait4(-1, &status, WNOHANG, &usage);
    if (pid <= 0) {
      return;
    }
    const auto place = supervisor_->find(pid);
    if (!place) {
      log_.debug("reaped a process of somebody else: pid " + std::to_string(pid));
      continue;
    }
    const auto child = children_.find(*place);
    if (child != children_.end()) {
      read_pipe(child->second, *place);
    }
    reaped_cpu_us_ = cpu_us_of(usage);
    supervision::Exit exit;
    exit.code = WIFEXITED(status) ? WEXITSTATUS(status) : 0;
    exit.signal = WIFSIGNALED(status) ? WTERMSIG(status) : 0;
    exit.core = WIFSIGNALED(status) && WCOREDUMP(status);
    report(supervision::event::Exited{pid, exit});
  }
}

void Master::report_beats() {
  for (std::uint32_t slot = 0; slot < segment_->slot_capacity(); ++slot) {
    for (std::uint32_t seat = 0; seat < ipc::kSeatsPerSlot; ++seat) {
      const Place at{slot, seat};
      if (supervisor_->seat(at).state != ipc::ProcessState::ready) {
        continue;
      }
      const std::uint64_t beat_ns =
          segment_->record({slot, seat}).beat_ns.load(std::memory_order_relaxed);
      // The number comes from a worker: it may say anything, but not that it lives in the future.
      const supervision::TimePoint time{std::chrono::nanoseconds(
          static_cast<std::int64_t>(std::min(beat_ns, ipc::monotonic_ns())))};
      if (supervisor_->seat(at).last_beat != time) {
        report(supervision::event::Beat{at, time});
      }
    }
  }
}

}  // namespace prefork::master
