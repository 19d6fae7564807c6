#include "workers/observer/observer.h"

#include <algorithm>
#include <exception>
#include <memory>

#include "config/values/exit_code.h"
#include "ipc/base/clock.h"
#include "ipc/base/monotonic.h"
#include "server/engine/http_server.h"
#include "server/exchange/access_log.h"
#include "server/loop/event_loop.h"
#include "server/net/listener_spec.h"
#include "server/routing/router.h"
#include "workers/child/child.h"
#include "workers/observer/stats_json.h"
#include "workers/observer/stats_snapshot.h"

namespace prefork::observer {

namespace {

// Operators and scrapers are few; the observer stays small whatever knocks on its door.
constexpr std::uint32_t kMaxConnections = 256;
// It tells the master that it is alive so often within the time after which it would be replaced.
constexpr std::uint64_t kAlivePerHealthcheck = 4;
// When it is to leave, clients hold it up for no longer than this.
constexpr std::uint64_t kPatienceNs = 1'000'000'000;

constexpr std::string_view kIndexPage = R"(<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>prefork-server: admin</title></head>
<body style="font: 1rem/1.5 system-ui, sans-serif; margin: 3rem">
<h1>prefork-server: admin</h1>
<ul>
<li><a href="/stats">/stats</a>: what the server and each worker do, as JSON</li>
<li><a href="/healthz">/healthz</a>: 200 while the master lives</li>
<li><a href="/readyz">/readyz</a>: 200 while at least one worker is ready</li>
</ul>
</body></html>
)";

class Observer : public engine::ServerHooks {
 public:
  Observer(const child::ChildContext& context, const std::vector<std::string>& urls,
           ipc::OwnedFd signal_fd)
      : context_(context),
        urls_(urls),
        signal_fd_(std::move(signal_fd)),
        record_(std::make_unique<ipc::WorkerRecord>()) {}

  int run() {
    context_.segment.make_read_only();
    add_routes();
    engine::ServerSettings settings = engine::ServerSettings::from(context_.options);
    settings.limits.connections = kMaxConnections;
    settings.fixed_fields = engine::ServerSettings{}.fixed_fields;
    settings.date_field = true;
    settings.idle_tick_ns = std::min(settings.idle_tick_ns, alive_every_ns());
    server_ = std::make_unique<engine::HttpServer>(loop_, settings, router_, *record_, access_log_,
                                                   *this, nullptr);
    std::vector<net::ListenerSpec> listeners;
    for (const int fd : context_.listening_fds) {
      listeners.push_back({fd, false, nullptr});
    }
    server_->start(listeners);
    // The server has its own: a stop must close the last one that this process has.
    child::close_inherited(context_.listening_fds);
    loop_.watch(signal_fd_.get(), [this] {
      child::drain_signals(signal_fd_.get());
      begin_to_leave();
    });
    loop_.watch(context_.control.read_fd(), [this] { read_commands(); });
    const std::uint64_t boot_us = (ipc::monotonic_ns() - context_.forked_ns) / 1000;
    context_.control.send({context_.epoch, ipc::ReadyFrame{boot_us}});
    loop_.run();
    return 0;
  }

  bool on_tick(std::uint64_t now_ns) override {
    if (now_ns - last_alive_ns_ >= alive_every_ns()) {
      last_alive_ns_ = now_ns;
      context_.control.send({context_.epoch, ipc::AliveFrame{}});
    }
    if (now_ns >= leave_by_ns_) {
      loop_.stop();
    }
    return false;
  }

  void on_drained() override { loop_.stop(); }

  void report(config::LogLevel level, std::string_view line) override {
    context_.log.write(level, line);
  }

 private:
  [[nodiscard]] std::uint64_t alive_every_ns() const {
    return ipc::to_ns(context_.options.processes.healthcheck_timeout) / kAlivePerHealthcheck;
  }

  void add_routes() {
    router_.add(http::Method::get, "/stats", exchange::RunOn::loop,
                [this](const http::Request&, http::Response& response) {
                  response.set_content_type("application/json");
                  response.add_field("Cache-Control", "no-store");
                  response.set_body(
                      to_json(take_snapshot(context_.segment, context_.options.processes.threads),
                              urls_, context_.statistics_url));
                });
    router_.add(http::Method::get, "/healthz", exchange::RunOn::loop,
                [this](const http::Request&, http::Response& response) {
                  answer_check(response, is_master_alive(context_.segment),
                               "the master gives no sign of life");
                });
    router_.add(http::Method::get, "/readyz", exchange::RunOn::loop,
                [this](const http::Request&, http::Response& response) {
                  answer_check(response, is_serving(context_.segment), "no worker is ready");
                });
    router_.add(http::Method::get, "/", exchange::RunOn::loop,
                [](const http::Request&, http::Response& response) {
                  response.set_content_type("text/html; charset=utf-8");
                  response.set_static_body(kIndexPage);
                });
  }

  static void answer_check(http::Response& response, bool fine, std::string_view why_not) {
    if (fine) {
      response.set_content_type("text/plain; charset=utf-8");
      response.set_static_body("ok\n");
    } else {
      response.set_error(503, why_not);
    }
    response.add_field("Cache-Control", "no-store");
  }

  void read_commands() {
    bool leave_now = false;
    const auto result = context_.control.receive([&](const auto& decoded) {
      const ipc::Frame* frame = std::get_if<ipc::Frame>(&decoded);
      if (frame == nullptr) {
        context_.log.error(std::string("unreadable command from the master: ") +
                           ipc::to_string(std::get<ipc::FrameError>(decoded)));
      } else if (std::holds_alternative<ipc::DrainFrame>(frame->message)) {
        leave_now = true;
      } else if (std::holds_alternative<ipc::ReopenLogsFrame>(frame->message)) {
        std::string problem;
        if (!context_.log.reopen(problem)) {
          context_.log.error(problem);
        }
      }
    });
    if (result == ipc::ReceiveResult::closed) {
      loop_.stop();
    } else if (leave_now) {
      begin_to_leave();
    }
  }

  // Who connects from now on is for the next observer. Who is connected already may have a request
  // on the way.
  void begin_to_leave() {
    leave_by_ns_ = std::min(leave_by_ns_, ipc::monotonic_ns() + kPatienceNs);
    server_->drain(engine::DrainMode::hand_off);
  }

  const child::ChildContext& context_;
  const std::vector<std::string>& urls_;
  ipc::OwnedFd signal_fd_;
  const ipc::MonotonicClock clock_;
  loop::EventLoop loop_{clock_};
  exchange::AccessLog access_log_;  // stays off: scrapers would fill it
  routing::Router router_;
  std::unique_ptr<ipc::WorkerRecord> record_;  // its own numbers, outside the segment
  std::unique_ptr<engine::HttpServer> server_;
  std::uint64_t last_alive_ns_ = 0;
  std::uint64_t leave_by_ns_ = ipc::kNever;
};

}  // namespace

int run_observer(const child::ChildContext& context, const std::vector<std::string>& urls) {
  try {
    Observer observer(context, urls, child::take_over_signals(context.master_pid));
    return observer.run();
  } catch (const std::exception& error) {
    context.control.send({context.epoch, ipc::BootFailedFrame{error.what()}});
    return config::to_int(config::ExitCode::no_worker_booted);
  }
}

}  // namespace prefork::observer
