#include "workers/worker/worker.h"

#include <unistd.h>

#include <memory>
#include <random>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "config/options/pool_options.h"
#include "config/values/exit_code.h"
#include "ipc/base/alternate_stack.h"
#include "ipc/base/clock.h"
#include "ipc/base/monotonic.h"
#include "ipc/base/probe.h"
#include "server/engine/http_server.h"
#include "server/exchange/access_log.h"
#include "server/exchange/log_target.h"
#include "server/loop/event_loop.h"
#include "server/net/listener_spec.h"
#include "workers/child/child_runtime.h"
#include "workers/child/child_signals.h"
#include "workers/child/crash_handlers.h"
#include "workers/child/journal.h"
#include "workers/child/loaded_objects.h"
#include "workers/child/stack_probe.h"
#include "workers/pool/pools.h"
#include "workers/worker/placement.h"
#include "workers/worker/probe.h"
#include "workers/worker/scheduling.h"
#include "workers/worker/served_application.h"
#include "workers/worker/serving_settings.h"
#include "workers/worker/stuck_handlers.h"

namespace prefork::worker {

namespace {

// Workers that began together do not all leave together: each may have up to this part more.
constexpr std::uint64_t kJitterPart = 10;

std::uint64_t with_jitter(std::uint64_t least, std::uint64_t jitter) {
  std::random_device seed;
  return least + std::uniform_int_distribution<std::uint64_t>(0, jitter)(seed);
}

// Requests after which a successor is asked for; 0: never.
std::uint64_t request_budget(const config::ProcessOptions& options) {
  if (options.max_requests == 0) {
    return 0;
  }
  return with_jitter(options.max_requests,
                     options.max_requests_jitter.value_or(options.max_requests / kJitterPart));
}

// When one is asked for at the latest.
std::uint64_t end_of_life_ns(const config::RecycleOptions& options, std::uint64_t now_ns) {
  if (options.max_lifetime.count() == 0) {
    return ipc::kNever;
  }
  const std::uint64_t lifetime_ns = ipc::to_ns(options.max_lifetime);
  return now_ns + with_jitter(lifetime_ns, lifetime_ns / kJitterPart);
}

class Worker : public engine::ServerHooks, private child::ChildCommands {
 public:
  explicit Worker(const child::ChildContext& context)
      : context_(context),
        record_(context_.segment.record(context_.id)),
        runtime_(context, loop_, *this),
        placement_(context_.segment, context_.inboxes, context_.id, context_.epoch,
                   [this](ipc::ReceivedConnection received) {
                     server_->adopt(std::move(received.socket), received.about);
                   }),
        stuck_(context_.options, record_),
        request_budget_(request_budget(context_.options.processes)),
        end_of_life_ns_(end_of_life_ns(context_.options.recycling, ipc::monotonic_ns())) {}

  int run() {
    open_access_log();
    child::note_crashes_in(record_.trace.crash);
    child::answer_probes_in(record_.trace.sample);
    child::show_loaded_objects(record_.trace.objects);
    served_ = std::make_unique<ServedApplication>(context_, loop_);
    child::show_loaded_objects(record_.trace.objects);
    // Before there are threads, which inherit what it has left behind.
    child::set_signals_again();
    begin_log_thread();
    pools_ = std::make_unique<pool::Pools>(config::pool_classes(context_.options),
                                           context_.options.processes.pool_order, record_,
                                           [](std::unique_ptr<exchange::Job> job) {
                                             exchange::CompletionSink* const sink = job->sink;
                                             sink->deliver(std::move(job));
                                           });
    served_->scheduler().set_executor(pools_.get());
    server_ = std::make_unique<engine::HttpServer>(loop_, serving_settings(context_, *served_),
                                                   served_->application(), record_, access_log_,
                                                   *this, pools_.get());
    served_->start();
    child::show_loaded_objects(record_.trace.objects);
    if (!context_.options.rollout.probe_path.empty()) {
      ask_itself(context_.options.rollout.probe_path);
    }
    begin_to_serve();
    loop_.run();
    PREFORK_PROBE2(worker__exit, context_.id.slot, server_->requests());
    stuck_.look(*pools_, loop_.clock().now_ns());
    if (stuck_.count() != 0) {
      leave_without_them();
    }
    server_->abandon_all();
    served_->scheduler().set_executor(nullptr);
    pools_.reset();
    if (served_->stop()) {
      // Its threads may still deliver to the server, until the process is gone.
      // Volatile: a leak check has to find them, and nobody reads what is kept here.
      [[maybe_unused]] static const engine::HttpServer* volatile server = nullptr;
      [[maybe_unused]] static const ServedApplication* volatile served = nullptr;
      server = server_.release();
      served = served_.release();
      record_.trace.hook.store(ipc::WorkerHook::exit, std::memory_order_relaxed);
    }
    return 0;
  }

  engine::Place place(int socket, const ipc::HandedConnection& about, bool may_stay) override {
    return placement_.place(socket, about, may_stay, loop_.clock().now_ns());
  }

  bool keep(int socket, std::uint32_t lead) override {
    return placement_.keep(socket, lead, loop_.now_ns());
  }
  [[nodiscard]] bool is_ahead(std::uint32_t by) const override {
    return placement_.is_ahead(by, loop_.now_ns());
  }

  [[nodiscard]] std::uint32_t excess() const override { return placement_.excess(); }

  engine::Place relieve(int socket, const ipc::HandedConnection& about) override {
    return placement_.relieve(socket, about, loop_.clock().now_ns());
  }

  void on_connection_gone() override { placement_.on_connection_gone(); }

  void on_accept_error() override { placement_.on_out_of_descriptors(); }

  bool on_tick(std::uint64_t now_ns) override {
    const bool is_soon = placement_.on_tick(server_->connection_count(), now_ns);
    if (inbox_rests_ && !placement_.is_short()) {
      inbox_rests_ = !loop_.resume_watch(inbox_watch_);
    }
    served_->on_tick();
    if (std::exchange(requests_seen_, server_->requests()) != server_->requests()) {
      child::set_handlers_again();  // what handlers have changed of them
    }
    if (const std::uint64_t lost = context_.log.settle_losses(); lost != 0) {
      record_.counters.add(ipc::Counter::log_lines_lost, lost);
    }
    const pool::Pools::Look look = pools_->look(now_ns);
    for (const std::string& line : look.lines) {
      context_.log.warning(line);
    }
    ask_for_successor(now_ns);
    return look_at_handlers(now_ns) || is_soon || look.somebody_waits;
  }

  void report(config::LogLevel level, std::string_view line) override {
    context_.log.write(level, line);
  }

  void on_drained() override {
    if (mode_ == engine::DrainMode::close) {
      // The last look: a sibling may have handed something off before it knew.
      placement_.take_handed();
    }
    is_drained_ = true;
    look_at_handlers(loop_.clock().now_ns());
  }

 private:
  void open_access_log() {
    const config::LogOptions& logging = context_.options.logging;
    const ipc::LogRings* const rings = context_.on_demand.log_rings;
    access_log_.share_torn_mark(rings != nullptr ? rings->torn_mark()
                                                 : context_.segment.header().access_log_torn);
    const auto stream = exchange::standard_stream_of(logging.access_log);
    const bool is_journal = stream && child::is_journal(*stream);
    const auto opened = access_log_.open(
        logging.access_log, logging.access_log_format, {context_.id.slot, context_.generation},
        is_journal ? child::journal_priority(config::LogLevel::info) : "");
    if (!opened.ok()) {
      throw std::runtime_error(opened.problem().text);
    }
  }

  void begin_log_thread() {
    const ipc::LogRings* const rings = context_.on_demand.log_rings;
    if (rings == nullptr || !access_log_.is_on()) {
      return;
    }
    if (const auto begun = access_log_.begin_thread(*rings, context_.id); !begun.ok()) {
      context_.log.warning(
          "there is no thread for the access log, which this worker writes by itself: " +
          begun.problem().text);
    }
  }

  void ask_for_successor(std::uint64_t now_ns) {
    if (recycle_asked_) {
      return;
    }
    if (request_budget_ != 0 && server_->requests() >= request_budget_) {
      recycle_asked_ = runtime_.send(ipc::RecycleFrame{ipc::RecycleReason::share_served});
    } else if (now_ns >= end_of_life_ns_) {
      recycle_asked_ = runtime_.send(ipc::RecycleFrame{ipc::RecycleReason::lifetime});
    }
  }

  [[nodiscard]] std::vector<net::ListenerSpec> listeners() const {
    std::vector<net::ListenerSpec> specs;
    for (const child::InheritedListener& listener : context_.listeners) {
      specs.push_back({listener.fd, listener.has_preamble, nullptr, listener.outlives_service,
                       context_.options.timeouts.write});
    }
    return specs;
  }

  // Before anybody else may. Does not return when the answer is none to serve with: a handler that
  // is stuck would hold up every other end.
  void ask_itself(const std::string& path) {
    std::string problem;
    Probe probe(loop_, path, [&](std::string told) {
      problem = std::move(told);
      loop_.stop();
    });
    ipc::HandedConnection about;
    about.peer.family = ipc::PeerAddress::Family::local;
    server_->adopt(probe.take_server_end(), about);
    probe.ask();
    loop_.run();
    if (!problem.empty()) {
      problem.insert(0, "--probe-path: GET " + path + " ");
      ::_exit(child::fail_boot(context_, problem.c_str(), config::ExitCode::application_failed));
    }
  }

  void begin_to_serve() {
    placement_.begin();
    server_->start(listeners());
    inbox_watch_ =
        loop_.watch(context_.inboxes.receive_fd(context_.id.slot), [this] { take_handed(); });
    runtime_.begin();
  }

  void take_handed() {
    if (!placement_.take_handed()) {
      // Ready to be read for ever, and nothing there.
      loop_.pause_watch(inbox_watch_);
      context_.log.error("a worker has shut down this one's inbox; siblings keep what they accept");
    } else if (placement_.is_short()) {
      // It stays readable while there is no descriptor for what waits in it.
      inbox_rests_ = true;
      loop_.pause_watch(inbox_watch_);
    }
  }

  bool look_at_handlers(std::uint64_t now_ns) {
    const bool is_soon = stuck_.look(*pools_, now_ns);
    if (stuck_.want_successor() && runtime_.send(ipc::RecycleFrame{ipc::RecycleReason::stuck})) {
      stuck_.successor_asked();
    }
    if (stuck_.are_over(now_ns)) {
      loop_.stop();
    }
    end_if_done(now_ns);
    return is_soon;
  }

  void end_if_done(std::uint64_t now_ns) {
    if (is_drained_ && server_->connection_count() == 0 && stuck_.are_alone(now_ns) &&
        !served_->scheduler().has_work()) {
      loop_.stop();
    }
  }

  // Neither the pool nor the application could end while their threads run.
  [[noreturn]] void leave_without_them() {
    const std::size_t others = stuck_.others_in_hand();
    server_->abandon_all();
    context_.log.warning("leaves without waiting for " + std::to_string(stuck_.count()) +
                         (stuck_.count() == 1 ? " stuck handler" : " stuck handlers") +
                         " (--timeout-request); lost " + std::to_string(others) + " others");
    ::_exit(0);
  }

  void on_terminate() override {
    // Whoever sent it meant this worker alone: the others go on, and so does this one until its
    // successor is ready.
    runtime_.send(ipc::RecycleFrame{ipc::RecycleReason::terminated});
  }
  void on_drain(ipc::DrainReason reason) override {
    const bool is_stuck = reason == ipc::DrainReason::stuck;
    if (is_stuck) {
      stuck_.begin_to_leave(loop_.clock().now_ns());
    }
    placement_.end(is_stuck);
    begin_drain(reason == ipc::DrainReason::stop ? engine::DrainMode::close
                                                 : engine::DrainMode::hand_off);
  }
  void on_reopen_logs() override {
    if (const auto opened = access_log_.reopen(); !opened.ok()) {
      context_.log.error(opened.problem().text + "; it goes on where it was");
    }
  }

  void begin_drain(engine::DrainMode mode) {
    if (mode == engine::DrainMode::hand_off) {
      // The inbox is the slot's: its next worker reads it, and until then the siblings do.
      loop_.pause_watch(inbox_watch_);
    }
    mode_ = mode;
    served_->drain();
    server_->drain(mode);
  }

  const child::ChildContext& context_;
  const ipc::AlternateStack alternate_stack_;
  ipc::WorkerRecord& record_;
  const ipc::MonotonicClock clock_;
  loop::EventLoop loop_{clock_};
  child::ChildRuntime runtime_;
  exchange::AccessLog access_log_;
  Placement placement_;
  StuckHandlers stuck_;
  std::unique_ptr<ServedApplication> served_;
  std::unique_ptr<engine::HttpServer> server_;
  std::unique_ptr<pool::Pools> pools_;  // end before the server they deliver to
  const std::uint64_t request_budget_;
  const std::uint64_t end_of_life_ns_;
  std::uint64_t requests_seen_ = 0;
  bool recycle_asked_ = false;
  bool is_drained_ = false;
  bool inbox_rests_ = false;  // for want of descriptors
  engine::DrainMode mode_ = engine::DrainMode::close;
  loop::EventLoop::WatchId inbox_watch_ = 0;
};

}  // namespace

int run_worker(const child::ChildContext& context) {
  try {
    apply_scheduling(context.options.processes, context.id.slot, context.log);
    return Worker(context).run();
  } catch (const loading::ApplicationFailed& error) {
    return child::fail_boot(context, error.what(), config::ExitCode::application_failed);
  } catch (const std::exception& error) {
    return child::fail_boot(context, error);
  }
}

}  // namespace prefork::worker
