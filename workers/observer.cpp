#include "workers/observer.h"

#include <algorithm>
#include <asio/io_context.hpp>
#include <exception>
#include <memory>

#include "config/exit_code.h"
#include "ipc/monotonic.h"
#include "server/access_log.h"
#include "server/http_server.h"
#include "server/router.h"
#include "workers/child.h"
#include "workers/stats_report.h"

namespace prefork {

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

class Observer : public ServerHooks {
 public:
  Observer(const ChildContext& context, const std::vector<std::string>& urls, OwnedFd signal_fd)
      : context_(context),
        urls_(urls),
        signal_fd_(std::move(signal_fd)),
        loop_(1),
        record_(std::make_unique<WorkerRecord>()) {}

  int run() {
    context_.segment.make_read_only();
    add_routes();
    ServerSettings settings = ServerSettings::from(context_.options);
    settings.limit_connections = kMaxConnections;
    settings.fixed_fields = ServerSettings{}.fixed_fields;
    settings.date_field = true;
    server_ = std::make_unique<HttpServer>(loop_, settings, router_, *record_, access_log_, *this,
                                           nullptr);
    server_->start(context_.listening_fds);
    // The server has its own: a stop must close the last one that this process has.
    close_inherited(context_.listening_fds);
    server_->watch(signal_fd_.get(), [this] {
      drain_signals(signal_fd_.get());
      begin_to_leave();
    });
    server_->watch(context_.control.read_fd(), [this] { read_commands(); });
    const std::uint64_t boot_us = (monotonic_ns() - context_.forked_ns) / 1000;
    context_.control.send({context_.epoch, ReadyFrame{boot_us}});
    loop_.run();
    return 0;
  }

  void on_tick(std::uint64_t now_ns) override {
    const std::uint64_t every_ns =
        to_ns(context_.options.timeout_worker_healthcheck) / kAlivePerHealthcheck;
    if (now_ns - last_alive_ns_ >= every_ns) {
      last_alive_ns_ = now_ns;
      context_.control.send({context_.epoch, AliveFrame{}});
    }
    if (now_ns >= leave_by_ns_) {
      loop_.stop();
    }
  }

  void on_drained() override { loop_.stop(); }

  void report(LogLevel level, std::string_view line) override { context_.log.write(level, line); }

 private:
  void add_routes() {
    router_.add(Method::get, "/stats", RunOn::loop, [this](const Request&, Response& response) {
      response.set_content_type("application/json");
      response.add_field("Cache-Control", "no-store");
      response.set_body(make_stats_report(
          {context_.segment, urls_, context_.statistics_url, context_.options.threads}));
    });
    router_.add(Method::get, "/healthz", RunOn::loop, [this](const Request&, Response& response) {
      answer_check(response, is_master_alive(context_.segment), "the master gives no sign of life");
    });
    router_.add(Method::get, "/readyz", RunOn::loop, [this](const Request&, Response& response) {
      answer_check(response, is_serving(context_.segment), "no worker is ready");
    });
    router_.add(Method::get, "/", RunOn::loop, [](const Request&, Response& response) {
      response.set_content_type("text/html; charset=utf-8");
      response.set_static_body(kIndexPage);
    });
  }

  static void answer_check(Response& response, bool fine, std::string_view why_not) {
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
      const Frame* frame = std::get_if<Frame>(&decoded);
      if (frame == nullptr) {
        context_.log.error(std::string("unreadable command from the master: ") +
                           to_string(std::get<FrameError>(decoded)));
      } else if (std::holds_alternative<DrainFrame>(frame->message)) {
        leave_now = true;
      } else if (std::holds_alternative<ReopenLogsFrame>(frame->message)) {
        std::string problem;
        if (!context_.log.reopen(problem)) {
          context_.log.error(problem);
        }
      }
    });
    if (result == ReceiveResult::closed) {
      loop_.stop();
    } else if (leave_now) {
      begin_to_leave();
    }
  }

  // Who connects from now on is for the next observer. Who is connected already may have a request
  // on the way.
  void begin_to_leave() {
    leave_by_ns_ = std::min(leave_by_ns_, monotonic_ns() + kPatienceNs);
    server_->drain(DrainMode::hand_on);
  }

  const ChildContext& context_;
  const std::vector<std::string>& urls_;
  OwnedFd signal_fd_;
  asio::io_context loop_;
  AccessLog access_log_;  // stays off: scrapers would fill it
  Router router_;
  std::unique_ptr<WorkerRecord> record_;  // its own numbers, outside the segment
  std::unique_ptr<HttpServer> server_;
  std::uint64_t last_alive_ns_ = 0;
  std::uint64_t leave_by_ns_ = kNever;
};

}  // namespace

int run_observer(const ChildContext& context, const std::vector<std::string>& urls) {
  try {
    Observer observer(context, urls, take_over_signals(context.master_pid));
    return observer.run();
  } catch (const std::exception& error) {
    context.control.send({context.epoch, BootFailedFrame{error.what()}});
    return to_int(ExitCode::no_worker_booted);
  }
}

}  // namespace prefork
