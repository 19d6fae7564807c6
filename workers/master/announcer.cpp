#include "workers/master/announcer.h"

#include <unistd.h>

#include <chrono>
#include <utility>

#include "config/options/pool_options.h"
#include "ipc/base/error_text.h"
#include "workers/master/notification.h"

namespace prefork::master {

namespace {

bool serves_or_boots(const supervision::Supervisor& supervisor) {
  for (const ipc::Place at : supervisor.places()) {
    const ipc::ProcessState state = supervisor.seat(at).state;
    if (at.slot < supervisor.observer_slot() &&
        (state == ipc::ProcessState::starting || state == ipc::ProcessState::ready)) {
      return true;
    }
  }
  return false;
}

// "3 of 4 workers are ready"
std::string count_ready(const supervision::Supervisor& supervisor) {
  const std::uint32_t wanted = supervisor.workers();
  return std::to_string(supervisor.ready_workers()) + " of " + std::to_string(wanted) +
         (wanted == 1 ? " worker is ready" : " workers are ready");
}

}  // namespace

Announcer::Announcer(ServiceManager manager, bool goes_on)
    : manager_(std::move(manager)), report_(manager_.watchdog()), is_ready_(goes_on) {}

Lines Announcer::start(const ServingPlan& plan, const std::string& watched) {
  const config::ProcessOptions& processes = plan.options.processes;
  Lines lines =
      starts({processes.workers, processes.workers_basis, config::pool_threads(plan.options),
              plan.urls(), plan.note, plan.admin_url(), watched, processes.cpu_basis,
              plan.agent_address(), ::geteuid() == 0 && plan.options.service.user.empty()});
  if (plan.options.target.kind == config::ServeTarget::Kind::application) {
    lines.push_back(serves(plan.options.target.path, plan.build_id));
  }
  return lines;
}

bool Announcer::has_become_ready(const supervision::Supervisor& supervisor, std::uint64_t age_ns) {
  const std::uint32_t ready = supervisor.ready_workers();
  if (is_ready_ || supervisor.stopping() || ready == 0) {
    return false;
  }
  const std::chrono::nanoseconds age{age_ns};
  is_ready_ = ready >= supervisor.workers() || age >= supervisor.settings().boot_timeout;
  return is_ready_;
}

Lines Announcer::announce(const supervision::Supervisor& supervisor, const ServingPlan& plan,
                          std::uint64_t age_ns) {
  const std::uint32_t ready = supervisor.ready_workers();
  const std::uint32_t wanted = supervisor.workers();
  Lines lines = {master::is_ready(ready, wanted > ready ? wanted - ready : 0, age_ns)};
  if (const int error = notify(plan); error != 0) {
    lines.push_back(
        {config::LogLevel::warning, "--notify-fd: nobody was told that the server is ready: " +
                                        std::string(ipc::error_text(error))});
  }
  return lines;
}

void Announcer::tell_manager(const supervision::Supervisor& supervisor, const ReloadNews& reloads,
                             bool is_leaving, supervision::TimePoint now) {
  if (manager_.is_there()) {
    manager_.send(report_.due(service_facts(supervisor, is_ready_, reloads, is_leaving), now));
  }
}

std::optional<supervision::TimePoint> Announcer::deadline() const {
  return manager_.is_there() ? report_.deadline() : std::nullopt;
}

ServiceFacts service_facts(const supervision::Supervisor& supervisor, bool is_ready,
                           const ReloadNews& reloads, bool is_leaving) {
  using Phase = ServiceFacts::Phase;
  ServiceFacts facts;
  facts.reloads = reloads.asked;
  facts.status = count_ready(supervisor);
  if (is_leaving || supervisor.stopping()) {
    facts.phase = Phase::stopping;
    facts.is_alive = true;  // its own deadlines end what hangs
    facts.status = supervisor.stopping() ? "stopping" : "stopping soon: " + facts.status;
    return facts;
  }
  facts.is_alive = serves_or_boots(supervisor);
  if (!is_ready) {
    facts.status = "starting: " + facts.status;
  } else if (reloads.is_upgrading) {
    facts.phase = Phase::reloading;
    facts.status = "upgrading: " + facts.status;
  } else if (supervisor.reloading()) {
    facts.phase = Phase::reloading;
    facts.status = "reloading: " + facts.status;
  } else if (supervisor.rolling_back()) {
    facts.phase = Phase::reloading;
    facts.status = "going back to the configuration before: " + facts.status;
  } else {
    facts.phase = Phase::running;
  }
  if (!reloads.refused.empty() && facts.phase != Phase::starting) {
    facts.status += "; " + reloads.refused;
  }
  return facts;
}

}  // namespace prefork::master
