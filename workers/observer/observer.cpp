#include "workers/observer/observer.h"

#include <algorithm>
#include <chrono>
#include <exception>
#include <memory>

#include "config/values/exit_code.h"
#include "ipc/base/check.h"
#include "ipc/base/clock.h"
#include "ipc/base/monotonic.h"
#include "server/engine/http_server.h"
#include "server/exchange/access_log.h"
#include "server/loop/event_loop.h"
#include "server/net/listener_spec.h"
#include "server/routing/router.h"
#include "workers/child/child_runtime.h"
#include "workers/observer/access_guard.h"
#include "workers/observer/admin_commands.h"
#include "workers/observer/agent_check.h"
#include "workers/observer/agent_line.h"
#include "workers/observer/command_server.h"
#include "workers/observer/event_feed.h"
#include "workers/observer/left_lines.h"
#include "workers/observer/live_json.h"
#include "workers/observer/memory_watch.h"
#include "workers/observer/metrics.h"
#include "workers/observer/options_json.h"
#include "workers/observer/otlp_exporter.h"
#include "workers/observer/page.h"
#include "workers/observer/proc_usage.h"
#include "workers/observer/shared_snapshot.h"
#include "workers/observer/stats_json.h"
#include "workers/observer/stats_snapshot.h"

namespace prefork::observer {

namespace {

// Operators and scrapers are few; the observer stays small whatever knocks on its door.
constexpr std::uint32_t kMaxConnections = 256;
// No route reads a body: who sends a large one is not listened to.
constexpr std::uint64_t kMaxBody = 1024;
// It tells the master that it is alive so often within the time after which it would be replaced.
constexpr std::uint64_t kAlivePerHealthcheck = 4;
constexpr std::uint64_t kAliveUnjudgedNs = 1'000'000'000;  // with --timeout-worker-healthcheck off
// When it is to leave, clients hold it up for no longer than this.
constexpr std::uint64_t kPatienceNs = 1'000'000'000;
constexpr std::chrono::milliseconds kHeaderPatience{2'000};
// And what is left of the access log then, of a target that takes it slowly.
constexpr std::chrono::milliseconds kLeftLinesPatience{400};
constexpr std::chrono::milliseconds kWritePatience{10'000};
constexpr std::chrono::minutes kCommandPatience{10};

class Observer : public engine::ServerHooks, private child::ChildCommands {
 public:
  Observer(const child::ChildContext& context, const std::vector<std::string>& urls)
      : context_(context),
        urls_(urls),
        runtime_(context, loop_, *this),
        record_(std::make_unique<ipc::WorkerRecord>()),
        commands_(
            context.control_socket,
            {loop_, [this](const ipc::CommandFrame& command) { return runtime_.send(command); },
             [this](bool is_detailed) { return report_statistics(is_detailed); },
             [this] { return options_json(context_.options); }}),
        admin_commands_(context.options.admin, [this](const ipc::CommandFrame& command) {
          return runtime_.send(command);
        }) {}

  int run() {
    context_.segment.make_read_only();
    context_.shared.make_read_only();
    if (context_.tasks != nullptr) {
      context_.tasks->make_read_only();
    }
    add_routes();
    engine::ServerSettings settings = engine::ServerSettings::from(context_.options);
    head_parser_ = settings.head_parser();
    settings.limits.connections = kMaxConnections;
    settings.limits.body = kMaxBody;
    settings.fixed_fields = engine::ServerSettings{}.fixed_fields;
    settings.date_field = true;
    settings.tells_timing = false;
    settings.idle_tick_ns = std::min(settings.idle_tick_ns, alive_every_ns());
    if (context_.options.recycling.max_memory != 0) {
      settings.idle_tick_ns =
          std::min(settings.idle_tick_ns, ipc::to_ns(context_.options.recycling.memory_interval));
    }
    // Who only holds a connection gives way to a probe.
    settings.evicts_idle = true;
    settings.timeouts.header = std::min(settings.timeouts.header, kHeaderPatience);
    settings.timeouts.write = std::min(settings.timeouts.write, kWritePatience);
    // Streams last, and commands as long as what they order.
    settings.timeouts.request = std::chrono::milliseconds(0);
    settings.timeouts.deferred = kCommandPatience;
    settings.limits.concurrency = kMaxConnections;
    server_ = std::make_unique<engine::HttpServer>(loop_, settings, guard_, *record_, access_log_,
                                                   *this, nullptr);
    std::vector<net::ListenerSpec> listeners;
    for (const child::InheritedListener& listener : context_.listeners) {
      if (listener.is_for_agent) {
        agent_.listen(listener.fd);
        continue;
      }
      listeners.push_back({listener.fd, listener.has_preamble, nullptr, listener.outlives_service});
    }
    server_->start(listeners);
    if (context_.on_demand.spans != nullptr) {
      exporter_ = std::make_unique<OtlpExporter>(
          OtlpExporter::Parts{loop_, *context_.on_demand.spans}, context_.options.tracing,
          [this](config::LogLevel level, std::string_view line) { report(level, line); });
    }
    runtime_.begin();
    loop_.run();
    warn(left_lines_.finish(kLeftLinesPatience));
    if (exporter_ != nullptr) {
      exporter_->give_up();
    }
    return 0;
  }

  bool on_tick(std::uint64_t now_ns) override {
    if (now_ns - last_alive_ns_ >= alive_every_ns()) {
      last_alive_ns_ = now_ns;
      runtime_.send(ipc::AliveFrame{});
    }
    look_at_memory(now_ns);
    warn(left_lines_.look());
    if (now_ns >= leaving_.leave_by_ns) {
      leaving_.is_drained = true;
    }
    leave_when_done(now_ns);
    return false;
  }

  void on_drained() override {
    leaving_.is_drained = true;
    leave_when_done(ipc::monotonic_ns());
  }

  void report(config::LogLevel level, std::string_view line) override {
    context_.log.write(level, line);
  }

 private:
  [[nodiscard]] std::uint64_t alive_every_ns() const {
    const auto timeout = context_.options.processes.healthcheck_timeout;
    return timeout.count() == 0 ? kAliveUnjudgedNs : ipc::to_ns(timeout) / kAlivePerHealthcheck;
  }

  void add_routes() {
    router_.add(http::Method::get, "/stats", exchange::RunOn::loop,
                [this](const http::Request&, http::Response& response) {
                  response.set_content_type("application/json");
                  response.add_field("Cache-Control", "no-store");
                  response.set_body(report_statistics(false));
                });
    router_.add(http::Method::get, "/metrics", exchange::RunOn::loop,
                [this](const http::Request& request, http::Response& response) {
                  answer_metrics(metric_format_for(request.fields), response);
                });
    router_.add(http::Method::get, "/healthz", exchange::RunOn::loop,
                [this](const http::Request& request, http::Response& response) {
                  answer_check(request, response, is_master_alive(context_.segment),
                               "the master gives no sign of life");
                });
    router_.add(http::Method::get, "/readyz", exchange::RunOn::loop,
                [this](const http::Request& request, http::Response& response) {
                  const bool is_stopping =
                      context_.segment.header().state.load(std::memory_order_acquire) ==
                      ipc::ServerState::stopping;
                  answer_check(request, response, is_serving(context_.segment),
                               is_stopping ? "the server is stopping" : "no worker is ready");
                });
    add_page_routes();
  }

  void add_page_routes() {
    router_.add(http::Method::get, "/", exchange::RunOn::loop,
                [page = make_page(!context_.options.admin.token.empty())](
                    const http::Request&, http::Response& response) {
                  response.set_content_type("text/html; charset=utf-8");
                  response.add_field("Content-Security-Policy", kPagePolicy);
                  response.add_field("X-Content-Type-Options", "nosniff");
                  response.add_field("Referrer-Policy", "no-referrer");
                  response.add_field("Cross-Origin-Opener-Policy", "same-origin");
                  response.add_field("Cache-Control", "no-cache");
                  response.set_static_body(page);
                });
    router_.add(http::Method::get, "/events", exchange::RunOn::loop,
                [this](const http::Request&, http::Response& response) { feed_.answer(response); });
    const auto added = router_.add_deferred(
        "POST", "/commands/{name}", {},
        [this](std::unique_ptr<exchange::Job> job) { admin_commands_.take(std::move(job)); });
    PREFORK_CHECK(added.ok());
  }

  void warn(const std::string& news) {
    if (!news.empty()) {
      context_.log.warning(news);
    }
  }

  void look_at_memory(std::uint64_t now_ns) {
    const MemoryWatch::Found found = memory_.look(context_.segment, now_ns);
    for (const ipc::OversizedFrame& worker : found.oversized) {
      runtime_.send(worker);
    }
    if (found.is_blind) {
      context_.log.warning(
          "--max-worker-memory: how much memory the workers have cannot be read "
          "(/proc/PID/smaps_rollup): none is replaced for it");
    }
  }

  // With what was lost of workers after their end.
  [[nodiscard]] StatsSnapshot look_at_all() const {
    StatsSnapshot snapshot = take_snapshot(context_.segment);
    if (const ipc::LogRings* const rings = context_.on_demand.log_rings; rings != nullptr) {
      snapshot.totals.counters[static_cast<std::size_t>(ipc::Counter::access_lines_lost)] +=
          rings->lost().load();
    }
    return snapshot;
  }

  [[nodiscard]] std::string report_statistics(bool is_detailed) const {
    StatsSnapshot snapshot = look_at_all();
    snapshot.head_parser = head_parser_;
    snapshot.shared = look_at_shared(context_.shared);
    if (context_.tasks != nullptr) {
      snapshot.tasks = look_at_tasks(*context_.tasks);
    }
    if (context_.on_demand.spans != nullptr) {
      const ipc::SpanTotals& totals = context_.on_demand.spans->totals();
      snapshot.spans = SpanNumbers{totals.sent, totals.discarded};
    }
    return to_json(snapshot, urls_, context_.statistics_url, is_detailed);
  }

  // Counters must not go back, which those of a moment within the counting may seem to do later.
  void answer_metrics(MetricFormat format, http::Response& response) const {
    const StatsSnapshot snapshot = look_at_all();
    if (snapshot.is_consistent) {
      response.set_content_type(content_type_of(format));
      response.set_body(to_metrics(snapshot, format));
    } else {
      response.set_error(503, "the master stands still while it counts");
    }
    response.add_field("Cache-Control", "no-store");
  }

  [[nodiscard]] LiveReport look() const {
    return to_live_report(look_at_all(), {urls_, admin_commands_.obstacle().empty()});
  }

  void answer_check(const http::Request& request, http::Response& response, bool fine,
                    std::string_view why_not) const {
    if (fine) {
      response.set_content_type("text/plain; charset=utf-8");
      response.set_static_body("ok\n");
    } else {
      response.set_error(503, guard_.is_stranger(request) ? "" : why_not);
    }
    response.add_field("Cache-Control", "no-store");
  }

  // What ends the whole service sends it to every process, and this one answers until the last
  // worker is gone. Whoever meant it alone gets another one.
  void on_terminate() override { runtime_.send(ipc::RecycleFrame{ipc::RecycleReason::terminated}); }
  void on_drain(ipc::DrainReason reason) override {
    begin_to_leave(reason == ipc::DrainReason::stop);
  }
  void on_outcome(const ipc::OutcomeFrame& outcome) override {
    // An answer over HTTP is on its way from then on: whether that is all shows with the next tick.
    if (!admin_commands_.answer(outcome)) {
      commands_.answer(outcome);
      leave_when_done(ipc::monotonic_ns());
    }
  }

  // Who connects from now on is for the next observer. Who is connected already may have a request
  // on the way.
  void begin_to_leave(bool service_ends) {
    const std::uint64_t now_ns = ipc::monotonic_ns();
    leaving_.leave_by_ns = std::min(leaving_.leave_by_ns, now_ns + kPatienceNs);
    leaving_.answer_by_ns =
        std::min(leaving_.answer_by_ns,
                 now_ns + ipc::to_ns(context_.options.processes.graceful_timeout) / 2);
    commands_.stop_accepting();
    if (exporter_ != nullptr) {
      exporter_->finish(service_ends);
    }
    feed_.end();
    server_->drain(engine::DrainMode::hand_off);
  }

  // Operators wait for what may take longer than clients do; not as long as the master's patience.
  // What they have sent by now is nobody else's to answer.
  void leave_when_done(std::uint64_t now_ns) {
    if (!leaving_.is_drained) {
      return;
    }
    commands_.serve();
    const bool has_work = commands_.has_work() || admin_commands_.has_work();
    const bool is_answered = !has_work || now_ns >= leaving_.answer_by_ns;
    const bool is_asked = !commands_.awaits_command() || now_ns >= leaving_.leave_by_ns;
    const bool is_sent =
        exporter_ == nullptr || exporter_->is_done() || now_ns >= leaving_.leave_by_ns;
    if (is_answered && is_asked && is_sent) {
      loop_.stop();
    }
  }

  struct Leaving {
    bool is_drained = false;
    std::uint64_t leave_by_ns = ipc::kNever;
    std::uint64_t answer_by_ns = ipc::kNever;
  };

  const child::ChildContext& context_;
  const std::vector<std::string>& urls_;
  const ipc::MonotonicClock clock_;
  loop::EventLoop loop_{clock_};
  child::ChildRuntime runtime_;
  exchange::AccessLog access_log_;  // stays off: scrapers would fill it
  routing::Router router_;
  const AccessGuard guard_{router_, context_.options.admin};
  EventFeed feed_{loop_, [this] { return look(); }};
  std::unique_ptr<ipc::WorkerRecord> record_;  // its own numbers, outside the segment
  std::unique_ptr<engine::HttpServer> server_;
  AgentCheck agent_{loop_, [this] {
                      return agent_line(take_snapshot(context_.segment), context_.options,
                                        is_master_alive(context_.segment));
                    }};
  std::unique_ptr<OtlpExporter> exporter_;  // null: nobody sends spans
  CommandServer commands_;
  LeftLines left_lines_{context_.on_demand.log_rings, context_.segment};
  AdminCommands admin_commands_;
  MemoryWatch memory_{context_.options.recycling.max_memory,
                      ipc::to_ns(context_.options.recycling.memory_interval), ipc::monotonic_ns(),
                      read_proportional_bytes};
  Leaving leaving_;
  std::string_view head_parser_;  // of the workers
  std::uint64_t last_alive_ns_ = 0;
};

}  // namespace

int run_observer(const child::ChildContext& context, const std::vector<std::string>& urls) {
  try {
    return Observer(context, urls).run();
  } catch (const std::exception& error) {
    return child::fail_boot(context, error);
  }
}

}  // namespace prefork::observer
