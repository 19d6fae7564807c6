#include "workers/master/master.h"

#include <sys/resource.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <system_error>
#include <utility>

#include "config/version.h"
#include "ipc/base/monotonic.h"
#include "workers/child/process_title.h"
#include "workers/master/preload.h"

namespace prefork::master {

namespace {

// What the master takes from its signalfd; everything else keeps its default action.
constexpr std::array kSignals = {SIGTERM, SIGINT,  SIGQUIT, SIGHUP, SIGCHLD,
                                 SIGTTIN, SIGTTOU, SIGUSR1, SIGUSR2};

// Room for more workers later (SIGTTIN, or a larger number on reload).
std::uint32_t slot_capacity(std::uint32_t workers) {
  return std::min(ipc::kMaxSlots, std::max(2 * workers, workers + 8));
}

void raise_file_limit() {
  rlimit files{};
  if (::getrlimit(RLIMIT_NOFILE, &files) == 0 && files.rlim_cur < files.rlim_max) {
    files.rlim_cur = files.rlim_max;
    ::setrlimit(RLIMIT_NOFILE, &files);
  }
}

}  // namespace

Master::Master(config::Options options, std::vector<std::string> arguments,
               config::Environment environment)
    : arguments_(std::move(arguments)),
      environment_(std::move(environment)),
      initial_options_(std::move(options)) {}

Master::~Master() = default;

config::ExitCode Master::run() {
  if (const auto failed = prepare()) {
    return *failed;
  }
  announce();
  loop();
  return *exit_code_;
}

std::optional<config::ExitCode> Master::prepare() {
  std::string problem;
  if (!log_.open(initial_options_.logging.file, initial_options_.logging.level, problem)) {
    std::fprintf(stderr, "prefork-server: --log-file: %s\n", problem.c_str());
    return config::ExitCode::configuration;
  }
  child::set_process_title("master");
  raise_file_limit();
  // Before anything else: an application may crash or take its time, and there is nothing to undo.
  auto application = load_application(initial_options_);
  if (const auto* failed = std::get_if<native::LoadProblem>(&application)) {
    std::fprintf(stderr, "prefork-server: %s\n", failed->text.c_str());
    return config::ExitCode::application_failed;
  }
  try {
    // First: a signal from here on waits until everything can be undone.
    take_over_signals();
    auto plan = make_serving_plan(
        initial_options_,
        std::get<std::shared_ptr<native::NativeApplication>>(std::move(application)), {});
    if (const auto* error = std::get_if<ListenError>(&plan)) {
      std::fprintf(stderr, "prefork-server: %s\n", error->message.c_str());
      return error->code;
    }
    plans_[last_generation_] = std::get<SharedPlan>(plan);
    make_shared_parts();
    watch_files(initial_options_);
  } catch (const std::system_error& error) {
    std::fprintf(stderr, "prefork-server: %s\n", error.what());
    return config::ExitCode::system_error;
  }
  return std::nullopt;
}

std::variant<std::shared_ptr<native::NativeApplication>, native::LoadProblem>
Master::load_application(const config::Options& options) {
  if (!options.processes.preload) {
    return nullptr;
  }
  return preload(options.target.path, [this](config::LogLevel level, std::string_view line) {
    log_.write(level, line);
  });
}

void Master::take_over_signals() {
  sigset_t taken;
  sigemptyset(&taken);
  for (const int signal : kSignals) {
    sigaddset(&taken, signal);
  }
  if (::sigprocmask(SIG_BLOCK, &taken, nullptr) != 0) {
    throw std::system_error(errno, std::generic_category(), "sigprocmask");
  }
  std::signal(SIGPIPE, SIG_IGN);
  signal_fd_ = ipc::OwnedFd(::signalfd(-1, &taken, SFD_NONBLOCK | SFD_CLOEXEC));
  if (!signal_fd_.valid()) {
    throw std::system_error(errno, std::generic_category(), "signalfd");
  }
}

void Master::make_shared_parts() {
  const config::Options& options = initial_options_;
  const std::uint32_t capacity = slot_capacity(options.processes.workers);
  segment_.emplace(capacity);
  inboxes_.emplace(capacity);
  leadership_.emplace();
  ipc::SegmentHeader& header = segment_->header();
  header.master_pid.store(::getpid());
  header.started_realtime_ns.store(ipc::realtime_ns());
  header.started_monotonic_ns.store(ipc::monotonic_ns());
  header.master_beat_ns.store(ipc::monotonic_ns());

  supervision::Settings settings;
  settings.boot_timeout = options.processes.boot_timeout;
  settings.healthcheck_timeout = options.processes.healthcheck_timeout;
  settings.graceful_timeout = options.processes.graceful_timeout;
  settings.workers = options.processes.workers;
  settings.capacity = capacity;
  settings.observer = options.admin.address.has_value();
  supervisor_.emplace(settings, last_generation_);
}

void Master::announce() {
  const ServingPlan& plan = *plans_.at(last_generation_);
  const config::ProcessOptions& processes = plan.options.processes;
  const std::string workers =
      std::to_string(processes.workers) + (processes.workers == 1 ? " worker" : " workers") +
      (processes.workers_basis.empty() ? "" : " (" + processes.workers_basis + ")");
  log_.info("prefork-server " + std::string(config::kVersion) + " starts with " + workers + ", " +
            std::to_string(processes.threads) + " pool threads each");
  for (const std::string& url : plan.urls()) {
    log_.info("listening on " + url);
  }
  if (!plan.note.empty()) {
    log_.warning(plan.note);
  }
  if (!plan.admin_url().empty()) {
    log_.info("statistics on " + plan.admin_url() + "/stats");
  }
  if (watch_) {
    log_.info("reload: watching " + watch_->describe());
  }
}

void Master::announce_when_ready() {
  if (announced_ready_ || supervisor_->stopping() || supervisor_->ready_workers() == 0) {
    return;
  }
  for (const supervision::Slot& slot : supervisor_->slots()) {
    for (const supervision::Seat& seat : slot.seats) {
      if (seat.state == ipc::ProcessState::starting) {
        return;
      }
    }
  }
  announced_ready_ = true;
  const std::uint64_t started_ns = segment_->header().started_monotonic_ns.load();
  const std::uint32_t ready = supervisor_->ready_workers();
  log_.info("ready: " + std::to_string(ready) + (ready == 1 ? " worker" : " workers") + " in " +
            std::to_string((ipc::monotonic_ns() - started_ns) / 1'000'000) + " ms");
  write_notification();
}

// For supervisors that wait for readiness (s6's notification-fd) and for tests: addresses, then the
// word, in one write, then the end of the file.
void Master::write_notification() {
  const ServingPlan& plan = *plans_.at(supervisor_->generation());
  if (plan.options.general.notify_fd < 0) {
    return;
  }
  ipc::OwnedFd notify(plan.options.general.notify_fd);
  std::string text;
  for (const std::string& url : plan.urls()) {
    text += "listening " + url + "\n";
  }
  if (!plan.admin_url().empty()) {
    text += "admin " + plan.admin_url() + "\n";
  }
  text += "ready\n";
  if (::write(notify.get(), text.data(), text.size()) < 0) {
    log_.warning("--notify-fd: nobody was told that the server is ready: " +
                 std::string(std::strerror(errno)));
  }
}

void Master::loop() {
  report(supervision::event::Started{});
  while (!exit_code_) {
    wait_for_events();
  }
}

}  // namespace prefork::master
