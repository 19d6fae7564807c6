#include "workers/master/fork_servers.h"

#include <sys/prctl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <system_error>
#include <utility>

#include "ipc/base/check.h"
#include "ipc/fork_orders.h"

namespace prefork::master {

int ForkServers::order(const supervision::action::Spawn& spawn, const ipc::ControlEnd& control,
                       std::uint64_t ordered_ns, const Run& run) {
  Server* server = find(spawn.generation);
  if (server == nullptr) {
    if (const int error = start(spawn.generation, run); error != 0) {
      return error;
    }
    server = find(spawn.generation);
  }
  const ipc::ForkOrder order{ipc::ForkOrder::Kind::fork_worker, spawn.at.slot, spawn.at.seat,
                             spawn.epoch, ordered_ns};
  const int error = ipc::send_fork_order(server->orders.get(), order, &control);
  // It has ended, as one does whose application crashes while it is loaded, and nobody has heard of
  // it yet: how it ended is told with its end, of this worker as of those that were ordered before.
  return error == EPIPE || error == ECONNRESET ? 0 : error;
}

int ForkServers::start(Generation generation, const Run& run) {
  ipc::ForkOrderPair pair;
  try {
    pair = ipc::make_fork_order_pair();
  } catch (const std::system_error& failed) {
    return failed.code().value();
  }
  // Its workers are to be children of this process when the one between them has ended.
  ::prctl(PR_SET_CHILD_SUBREAPER, 1UL);
  const pid_t pid = ::fork();
  if (pid < 0) {
    return errno;
  }
  if (pid == 0) {
    run(pair.server.get());
    PREFORK_CHECK(false && "a fork server returned");
  }
  servers_[pid] = {generation, std::move(pair.master), std::nullopt};
  return 0;
}

ForkServers::Server* ForkServers::find(Generation generation) {
  for (auto& [pid, server] : servers_) {
    if (server.generation == generation && server.orders.valid()) {
      return &server;
    }
  }
  return nullptr;
}

void ForkServers::reopen_logs() {
  for (auto& [pid, server] : servers_) {
    if (server.orders.valid()) {
      ipc::send_fork_order(server.orders.get(), {}, nullptr);
    }
  }
}

void ForkServers::keep_only(const std::vector<Generation>& needed, TimePoint now) {
  for (auto& [pid, server] : servers_) {
    const bool is_needed = std::ranges::find(needed, server.generation) != needed.end();
    if (!is_needed && server.orders.valid()) {
      server.orders.reset();
      server.deadline = now + kGrace;
    }
  }
}

void ForkServers::kill(Generation generation) {
  for (auto& [pid, server] : servers_) {
    if (server.generation == generation) {
      ::kill(pid, SIGKILL);
    }
  }
}

void ForkServers::hand_over(Handover& handover) const {
  for (const auto& [pid, server] : servers_) {
    handover.fork_servers.push_back(pid);
  }
}

void ForkServers::restore(const Handover& handover, TimePoint now) {
  for (const pid_t pid : handover.fork_servers) {
    servers_[pid] = {0, {}, now + kGrace};
  }
}

std::optional<ForkServers::TimePoint> ForkServers::deadline() const {
  std::optional<TimePoint> first;
  for (const auto& [pid, server] : servers_) {
    if (server.deadline) {
      first = std::min(first.value_or(*server.deadline), *server.deadline);
    }
  }
  return first;
}

void ForkServers::enforce(TimePoint now) {
  for (auto& [pid, server] : servers_) {
    if (server.deadline && *server.deadline <= now) {
      server.deadline.reset();
      ::kill(pid, SIGKILL);
    }
  }
}

std::optional<ForkServers::Lost> ForkServers::on_reaped(pid_t pid, const supervision::Exit& exit) {
  const auto found = servers_.find(pid);
  if (found == servers_.end()) {
    return std::nullopt;
  }
  const Lost lost{found->second.generation, !found->second.orders.valid(), exit};
  servers_.erase(found);
  return lost;
}

}  // namespace prefork::master
