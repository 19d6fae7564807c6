#include "workers/observer/agent_line.h"

#include <algorithm>

#include "ipc/base/clock.h"

namespace prefork::observer {

namespace {

bool hangs(const WorkerSnapshot& worker, std::uint64_t now_ns, const config::Options& options) {
  const auto timeout = options.processes.healthcheck_timeout;
  return timeout.count() != 0 && worker.beat_ns + ipc::to_ns(timeout) < now_ns;
}

// In percent, of one worker that serves.
std::uint64_t room_of(const WorkerSnapshot& worker, const config::LimitOptions& limits) {
  const std::uint64_t load =
      std::max({worker.numbers.of(ipc::Gauge::requests_in_progress) * 100 / limits.concurrency,
                worker.numbers.of(ipc::Gauge::pool_queued) * 100 / limits.queue,
                worker.numbers.of(ipc::Gauge::connections_active) * 100 / limits.connections});
  return 100 - std::min<std::uint64_t>(load, 100);
}

}  // namespace

std::string agent_line(const StatsSnapshot& snapshot, const config::Options& options,
                       bool is_master_alive) {
  if (!is_master_alive) {
    return "down#the master gives no sign of life\n";
  }
  if (snapshot.server.state == ipc::ServerState::stopping) {
    return "drain\n";
  }
  if (snapshot.server.state == ipc::ServerState::starting) {
    return "down#the server starts\n";
  }
  std::uint64_t ready = 0;
  std::uint64_t hanging = 0;
  std::uint64_t room = 0;
  for (const WorkerSnapshot& worker : snapshot.workers) {
    if (worker.state != ipc::ProcessState::ready || !worker.is_accepting) {
      continue;
    }
    if (hangs(worker, snapshot.now_ns, options)) {
      ++hanging;
      continue;
    }
    ++ready;
    room += room_of(worker, options.limits);
  }
  if (ready == 0) {
    return hanging == 0 ? "down#no worker is ready\n" : "down#all workers hang\n";
  }
  const std::uint64_t wanted = std::max<std::uint64_t>(ready, options.processes.workers);
  // None at all would be a drain, which a full server does not mean.
  return "up ready " + std::to_string(std::max<std::uint64_t>(room / wanted, 1)) + "%\n";
}

}  // namespace prefork::observer
