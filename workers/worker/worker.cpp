#include "workers/worker/worker.h"

#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <asio/io_context.hpp>
#include <memory>
#include <random>
#include <stdexcept>
#include <string>
#include <utility>

#include "config/values/exit_code.h"
#include "ipc/balance.h"
#include "ipc/base/monotonic.h"
#include "server/demo/demo_app.h"
#include "server/engine/http_server.h"
#include "server/exchange/access_log.h"
#include "server/files/site.h"
#include "server/native/native_application.h"
#include "workers/child/child.h"
#include "workers/worker/thread_pool.h"

namespace prefork::worker {

namespace {

// Descriptors a worker needs beside its connections: pipes, logs, files it serves.
constexpr std::uint32_t kReservedFds = 64;
// Connections taken from an inbox in one turn of the loop.
constexpr int kMaxTakesPerTurn = 64;
// Ticks in a row (about a second) that the load word has to be wrong before it is corrected: a
// reservation whose connection is still on its way looks like an error for a moment.
constexpr int kDriftTicks = 10;

std::uint32_t affordable_connections(std::uint32_t wanted, std::uint32_t other_fds) {
  rlimit files{};
  ::getrlimit(RLIMIT_NOFILE, &files);
  const std::uint64_t reserved = kReservedFds + other_fds;
  const std::uint64_t room = files.rlim_cur > reserved ? files.rlim_cur - reserved : 1;
  return static_cast<std::uint32_t>(std::min<std::uint64_t>(wanted, room));
}

std::uint64_t request_share(const config::Options& options) {
  if (options.processes.max_requests == 0) {
    return 0;
  }
  std::random_device seed;
  std::uniform_int_distribution<std::uint64_t> jitter(0, options.processes.max_requests_jitter);
  return options.processes.max_requests + jitter(seed);
}

// The application is at fault: nobody should try again before it is another one.
class ApplicationFailed : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

class Worker : public engine::ServerHooks {
 public:
  Worker(const child::ChildContext& context, ipc::OwnedFd signal_fd)
      : context_(context),
        record_(context_.segment.record(context_.id)),
        signal_fd_(std::move(signal_fd)),
        loop_(1),
        share_(request_share(context_.options)) {}

  int run() {
    const std::string name = "worker " + std::to_string(context_.id.slot);
    std::string problem;
    if (!access_log_.open(context_.options.logging.access_log,
                          "w" + std::to_string(context_.id.slot), problem)) {
      throw std::runtime_error(problem);
    }
    const files::StaticCacheLimits cache_limits = files::StaticCacheLimits::for_this_process();
    make_application(cache_limits);
    pool_ = std::make_unique<ThreadPool>(
        context_.options.processes.threads, context_.options.limits.queue, record_,
        [this](std::unique_ptr<exchange::Job> job) { server_->mailbox().deliver(std::move(job)); });
    engine::ServerSettings settings = engine::ServerSettings::from(context_.options);
    settings.limits.connections = affordable_connections(
        settings.limits.connections,
        2 * context_.inboxes.slots() + context_.options.processes.threads +
            (serves_files() ? static_cast<std::uint32_t>(cache_limits.open_files) : 0));
    server_ = std::make_unique<engine::HttpServer>(loop_, settings, application(), record_,
                                                   access_log_, *this, pool_.get());
    if (native_ != nullptr) {
      if (const auto refusal = native_->start_worker(about_this_worker())) {
        throw std::runtime_error("the application does not let this worker start: " + *refusal);
      }
    }
    begin_to_serve();
    server_->run();
    server_->abandon_all();
    pool_.reset();
    if (native_ != nullptr) {
      native_->stop_worker(about_this_worker());
      // Its threads may still deliver to the server, until the process is gone. Kept where leak
      // checks find it.
      [[maybe_unused]] static const engine::HttpServer* const server = server_.release();
      [[maybe_unused]] static const exchange::Application* const application =
          application_.release();
    }
    return 0;
  }

  engine::Place place(int socket, const ipc::HandedConnection& about, bool may_stay) override {
    const auto placement = ipc::reserve_place(context_.segment, context_.id, ipc::monotonic_ns(),
                                              may_stay && !draining_);
    if (!placement) {
      return may_stay ? stay() : engine::Place::nowhere;
    }
    if (placement->target == context_.id) {
      return engine::Place::here;
    }
    ipc::HandedConnection handed = about;
    handed.epoch = placement->epoch;
    if (context_.inboxes.hand_on(placement->target.slot, socket, handed) == ipc::HandResult::sent) {
      return engine::Place::given;
    }
    ipc::remove_load(context_.segment.record(placement->target), placement->epoch);
    return may_stay ? stay() : engine::Place::full;
  }

  void on_connection_gone() override { ipc::remove_load(record_, context_.epoch); }

  void on_tick(std::uint64_t now_ns) override {
    correct_load();
    if (!draining_) {
      reclaim_connections(now_ns);
    }
    if (native_ != nullptr && !draining_) {
      ask_for_leadership();
    }
    if (share_ != 0 && !recycle_asked_ && server_->requests() >= share_) {
      recycle_asked_ =
          context_.control.send({context_.epoch, ipc::RecycleFrame{}}) == ipc::SendResult::sent;
    }
  }

  void report(config::LogLevel level, std::string_view line) override {
    context_.log.write(level, line);
  }

  void on_drained() override {
    if (mode_ == engine::DrainMode::close) {
      // The last look: a sibling may have handed something on before it knew.
      take_from_inbox(context_.id.slot);
    }
    if (server_->connection_count() == 0) {
      loop_.stop();
    }
  }

 private:
  [[nodiscard]] bool serves_files() const {
    return context_.options.target.kind == config::ServeTarget::Kind::folder ||
           (native_ != nullptr && native_->serves_files());
  }

  void load_application(const files::StaticCacheLimits& cache_limits) {
    native_ = context_.preloaded;
    if (native_ == nullptr) {
      auto loaded = native::NativeApplication::load(
          context_.options.target.path, [this](config::LogLevel level, std::string_view line) {
            context_.log.write(level, line);
          });
      if (const auto* problem = std::get_if<native::LoadProblem>(&loaded)) {
        throw ApplicationFailed(problem->text);
      }
      native_ = std::get<std::unique_ptr<native::NativeApplication>>(loaded).get();
      application_ = std::get<std::unique_ptr<native::NativeApplication>>(std::move(loaded));
    }
    try {
      native_->enter_worker(shared_place_, context_.options.proxies.root_path, cache_limits);
    } catch (const std::runtime_error& error) {
      throw ApplicationFailed(error.what());
    }
  }

  [[nodiscard]] const exchange::Application& application() const {
    return native_ != nullptr ? *native_ : *application_;
  }

  void ask_for_leadership() {
    if (!context_.leadership.is_held() && context_.leadership.try_take()) {
      native_->lead(about_this_worker());
    }
  }

  [[nodiscard]] prefork_worker about_this_worker() const {
    prefork_worker worker{};
    worker.size = sizeof worker;
    worker.slot = context_.id.slot;
    worker.workers = context_.options.processes.workers;
    worker.generation = context_.generation;
    worker.restarts = context_.segment.notes(context_.id.slot).restarts.load();
    worker.pid = ::getpid();
    return worker;
  }

  void make_application(const files::StaticCacheLimits& cache_limits) {
    const config::Options& options = context_.options;
    switch (options.target.kind) {
      case config::ServeTarget::Kind::folder:
        application_ = files::make_static_site(
            {options.target.path, options.proxies.root_path, options.files.index,
             options.files.listing, options.files.spa, options.files.cache_control},
            cache_limits);
        break;
      case config::ServeTarget::Kind::application:
        load_application(cache_limits);
        break;
      case config::ServeTarget::Kind::none:
        application_ = demo::make_demo_app({context_.id.slot, ::getpid(), context_.generation,
                                            options.demo.crash, context_.statistics_url});
        break;
    }
  }

  void begin_to_serve() {
    ipc::start_load(record_, context_.epoch);
    server_->start(context_.listening_fds, context_.expects_preamble);
    // The server has its own: a stop must close the last one that this process has.
    child::close_inherited(context_.listening_fds);
    server_->watch(signal_fd_.get(), [this] {
      child::drain_signals(signal_fd_.get());
      // Whoever sent it meant this worker alone: the others go on.
      begin_drain(engine::DrainMode::hand_on);
    });
    command_watch_ = server_->watch(context_.control.read_fd(), [this] { read_commands(); });
    inbox_watch_ = server_->watch(context_.inboxes.receive_fd(context_.id.slot),
                                  [this] { take_from_inbox(context_.id.slot); });
    record_.accepting.store(1, std::memory_order_release);
    const std::uint64_t boot_us = (ipc::monotonic_ns() - context_.forked_ns) / 1000;
    context_.control.send({context_.epoch, ipc::ReadyFrame{boot_us}});
  }

  void read_commands() {
    const auto result = context_.control.receive([this](const auto& frame) {
      if (const ipc::Frame* known = std::get_if<ipc::Frame>(&frame)) {
        std::visit([this](const auto& message) { on_command(message); }, known->message);
      } else {
        context_.log.error(std::string("unreadable command from the master: ") +
                           ipc::to_string(std::get<ipc::FrameError>(frame)));
      }
    });
    if (result == ipc::ReceiveResult::closed) {
      // The master is gone; nobody would ever replace or stop this worker.
      loop_.stop();
      server_->pause_watch(command_watch_);
    }
  }

  void on_command(const ipc::DrainFrame& command) {
    begin_drain(command.reason == ipc::DrainReason::stop ? engine::DrainMode::close
                                                         : engine::DrainMode::hand_on);
  }
  void on_command(const ipc::ReopenLogsFrame&) {
    std::string problem;
    if (!context_.log.reopen(problem) || !access_log_.reopen(problem)) {
      context_.log.error(problem);
    }
  }
  // Frames that only children send.
  void on_command(const ipc::ReadyFrame&) {}
  void on_command(const ipc::BootFailedFrame&) {}
  void on_command(const ipc::AliveFrame&) {}
  void on_command(const ipc::RecycleFrame&) {}

  void begin_drain(engine::DrainMode mode) {
    draining_ = true;
    record_.accepting.store(0, std::memory_order_release);
    if (mode == engine::DrainMode::hand_on) {
      // The inbox is the slot's: its next worker reads it, and until then the siblings do.
      server_->pause_watch(inbox_watch_);
    }
    mode_ = mode;
    if (native_ != nullptr && !std::exchange(drain_told_, true)) {
      native_->drain(about_this_worker());
      // What the leader does alone has ended with that: another one may begin.
      context_.leadership.give_up();
    }
    server_->drain(mode);
  }

  engine::Place stay() {
    ipc::add_load(record_, context_.epoch);
    return engine::Place::here;
  }

  void take_from_inbox(std::uint32_t slot) {
    for (int i = 0; i < kMaxTakesPerTurn; ++i) {
      ipc::Inboxes::TakeError error{};
      auto received = context_.inboxes.take(slot, error);
      if (!received) {
        if (error == ipc::Inboxes::TakeError::empty) {
          return;
        }
        record_.counters.add(ipc::Counter::accept_errors);
        continue;
      }
      if (received->about.epoch != context_.epoch) {
        // Promised to another process of the slot, or of a slot that does not serve: the place
        // there is free again.
        for (std::uint32_t seat = 0; seat < ipc::kSeatsPerSlot; ++seat) {
          ipc::remove_load(context_.segment.record({slot, seat}), received->about.epoch);
        }
        ipc::add_load(record_, context_.epoch);
      }
      server_->adopt(std::move(received->socket), received->about);
    }
  }

  // Connections handed to a worker that has died, hangs or was stopped would wait for its
  // successor; whoever notices first serves them.
  void reclaim_connections(std::uint64_t now_ns) {
    for (std::uint32_t slot = 0; slot < context_.inboxes.slots(); ++slot) {
      const bool served = slot == context_.id.slot ||
                          ipc::is_healthy(context_.segment.record({slot, 0}), now_ns) ||
                          ipc::is_healthy(context_.segment.record({slot, 1}), now_ns);
      if (!served) {
        take_from_inbox(slot);
      }
    }
  }

  void correct_load() {
    const auto open = static_cast<std::uint32_t>(server_->connection_count());
    const std::uint32_t load = ipc::load_of(record_);
    drift_ticks_ = load == open ? 0 : drift_ticks_ + 1;
    if (drift_ticks_ < kDriftTicks) {
      return;
    }
    drift_ticks_ = 0;
    for (std::uint32_t i = open; i < load; ++i) {
      ipc::remove_load(record_, context_.epoch);
    }
    for (std::uint32_t i = load; i < open; ++i) {
      ipc::add_load(record_, context_.epoch);
    }
  }

  const child::ChildContext& context_;
  ipc::WorkerRecord& record_;
  ipc::OwnedFd signal_fd_;
  asio::io_context loop_;
  exchange::AccessLog access_log_;
  std::unique_ptr<exchange::Application> application_;
  native::NativeApplication* native_ = nullptr;  // where it came as a shared object: application_
                                                 // or the one that the master loaded
  const native::SharedPlace shared_place_{context_.segment, context_.id, context_.leadership};
  bool drain_told_ = false;
  std::unique_ptr<engine::HttpServer> server_;
  std::unique_ptr<ThreadPool> pool_;  // ends before the server it delivers to
  const std::uint64_t share_;         // requests after which a successor is asked for; 0: never
  bool recycle_asked_ = false;
  bool draining_ = false;
  engine::DrainMode mode_ = engine::DrainMode::close;
  int drift_ticks_ = 0;
  std::uint32_t command_watch_ = 0;
  std::uint32_t inbox_watch_ = 0;
};

}  // namespace

int run_worker(const child::ChildContext& context) {
  try {
    Worker worker(context, child::take_over_signals(context.master_pid));
    return worker.run();
  } catch (const ApplicationFailed& error) {
    context.control.send({context.epoch, ipc::BootFailedFrame{error.what()}});
    return config::to_int(config::ExitCode::application_failed);
  } catch (const std::exception& error) {
    context.control.send({context.epoch, ipc::BootFailedFrame{error.what()}});
    return config::to_int(config::ExitCode::no_worker_booted);
  }
}

}  // namespace prefork::worker
