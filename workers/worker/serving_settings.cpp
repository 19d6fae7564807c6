#include "workers/worker/serving_settings.h"

#include <sys/resource.h>

#include <algorithm>
#include <memory>
#include <string>

#include "config/options/pool_options.h"
#include "ipc/base/clock.h"
#include "server/exchange/tracer.h"

namespace prefork::worker {

namespace {

// Descriptors a worker needs beside its connections: pipes, logs, files it serves.
constexpr std::uint32_t kReservedFds = 64;
// A worker with nothing to do shows life so often within the time after which it would be replaced,
// and at least once a second.
constexpr std::uint64_t kBeatsPerHealthcheck = 4;
constexpr std::uint64_t kLongestTickNs = 1'000'000'000;

std::uint32_t affordable_connections(std::uint32_t wanted, std::uint32_t other_fds) {
  rlimit files{};
  ::getrlimit(RLIMIT_NOFILE, &files);
  const std::uint64_t reserved = kReservedFds + other_fds;
  const std::uint64_t room = files.rlim_cur > reserved ? files.rlim_cur - reserved : 1;
  return static_cast<std::uint32_t>(std::min<std::uint64_t>(wanted, room));
}

std::shared_ptr<exchange::Tracer> make_tracer(const child::ChildContext& context) {
  const auto slow = context.options.processes.slow_request;
  return std::make_shared<exchange::Tracer>(
      exchange::Tracer::Settings{context.options.tracing.sample,
                                 slow.count() == 0 ? ipc::kNever : ipc::to_ns(slow),
                                 context.id.slot},
      context.on_demand.spans != nullptr ? &context.on_demand.spans->ring_to_fill(context.id)
                                         : nullptr,
      context.segment.record(context.id).counters);
}

}  // namespace

engine::ServerSettings serving_settings(const child::ChildContext& context,
                                        const ServedApplication& served) {
  engine::ServerSettings settings = engine::ServerSettings::from(context.options);
  const config::ProcessOptions& processes = context.options.processes;
  settings.limits.connections = affordable_connections(
      settings.limits.connections,
      2 * context.inboxes.slots() + config::pool_threads(context.options) + served.cached_files());
  if (settings.limits.connections < context.options.limits.connections && context.id.slot == 0) {
    context.log.warning("--limit-connections: each worker takes " +
                        std::to_string(settings.limits.connections) + " instead of " +
                        std::to_string(context.options.limits.connections) +
                        ", for the limit of open files is too low; raise it (ulimit -n, "
                        "LimitNOFILE=)");
  }
  if (processes.healthcheck_timeout.count() != 0) {
    settings.idle_tick_ns = ipc::to_ns(processes.healthcheck_timeout) / kBeatsPerHealthcheck;
  }
  settings.idle_tick_ns = std::min(kLongestTickNs, settings.idle_tick_ns);
  settings.route_bans = &context.segment.header().route_bans;
  settings.generation = context.generation;
  ipc::RequestLabels& labels = context.segment.header().labels;
  settings.labels = {labels.routes.labels_of(served.application().route_patterns()), &labels.kinds};
  if (context.options.tracing.mode != config::TraceMode::off) {
    settings.tracer = make_tracer(context);
  }
  return settings;
}

}  // namespace prefork::worker
