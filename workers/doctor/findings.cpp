#include "workers/doctor/findings.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <string_view>

#include "config/options/pool_options.h"
#include "config/values/byte_size.h"

namespace prefork::doctor {

namespace {

// A worker's own: pipes, logs, files that it serves, inboxes.
constexpr std::uint64_t kOtherFiles = 128;
constexpr std::uint64_t kLeastMemoryOfAWorker = std::uint64_t{16} << 20U;
constexpr std::uint64_t kLeastShm = std::uint64_t{64} << 20U;

// Read without a system call.
constexpr std::array<std::string_view, 5> kQuickClocks = {
    "tsc", "kvm-clock", "hyperv_clocksource_tsc_page", "arch_sys_counter", "xen"};

Finding ok(std::string name, std::string text) {
  return {Verdict::ok, std::move(name), std::move(text)};
}
Finding warn(std::string name, std::string text) {
  return {Verdict::warn, std::move(name), std::move(text)};
}
Finding fail(std::string name, std::string text) {
  return {Verdict::fail, std::move(name), std::move(text)};
}
Finding unknown(std::string name) { return ok(std::move(name), "cannot be told here"); }

std::string size(std::uint64_t bytes) {
  const std::uint64_t whole = bytes >= (1U << 20U) ? bytes >> 20U << 20U : bytes;
  return config::format_byte_size(static_cast<std::size_t>(whole));
}

Finding open_files(const Facts& facts, const config::Options& options) {
  const std::string name = "open files";
  const std::uint64_t connections = options.limits.connections;
  if (!facts.open_files) return ok(name, "no limit");
  const std::string limit = std::to_string(*facts.open_files);
  const std::string remedy = "; raise it: ulimit -Hn, LimitNOFILE= of systemd";
  if (*facts.open_files <= kOtherFiles) {
    return fail(name, limit + ", of which a worker needs " + std::to_string(kOtherFiles) +
                          " for itself" + remedy);
  }
  if (*facts.open_files < connections + kOtherFiles) {
    return warn(name, limit + ", too few for the " + std::to_string(connections) +
                          " of --limit-connections: each worker takes fewer" + remedy);
  }
  return ok(name,
            limit + ", enough for " + std::to_string(connections) + " connections of each worker");
}

Finding processes(const Facts& facts, const config::Options& options) {
  const std::string name = "processes";
  const config::ProcessOptions& wanted = options.processes;
  // Twice the workers while a reload replaces them all at once; master, observer, fork server.
  const std::uint64_t workers = wanted.workers + options.rollout.max_unavailable.of(wanted.workers);
  const std::uint64_t needed =
      workers * (1 + config::pool_threads(options)) + 2 * options.tasks.workers + 3;
  // The kernel does not hold root to it.
  const bool is_bound = facts.processes && !facts.is_root;
  const std::uint64_t most =
      std::min(is_bound ? *facts.processes : UINT64_MAX, facts.pids.value_or(UINT64_MAX));
  if (most == UINT64_MAX) return ok(name, "no limit");
  const std::string text = std::to_string(most) + " with their threads, of which up to " +
                           std::to_string(needed) + " are needed";
  if (most < needed) {
    return fail(name, text +
                          "; raise it: ulimit -u, TasksMax= of systemd, or use fewer --workers "
                          "or --threads");
  }
  return ok(name, text);
}

Finding backlog(const Facts& facts, const config::Options& options) {
  const std::string name = "backlog";
  if (!facts.somaxconn) return unknown(name);
  const std::string limit = "net.core.somaxconn is " + std::to_string(*facts.somaxconn);
  const std::string wanted = std::to_string(options.listening.backlog);
  if (*facts.somaxconn < options.listening.backlog) {
    return warn(name, limit + ", so --backlog " + wanted +
                          " has no more; raise it: sysctl net.core.somaxconn=" + wanted);
  }
  return ok(name, limit + ", enough for --backlog " + wanted);
}

Finding memory(const Facts& facts, const config::Options& options) {
  const std::string name = "memory";
  if (!facts.memory) return ok(name, "the cgroup has no limit");
  const std::uint64_t share = *facts.memory / options.processes.workers;
  const std::string text = "the cgroup has " + size(*facts.memory) + ", " + size(share) +
                           " for each of " + std::to_string(options.processes.workers) + " workers";
  if (share < kLeastMemoryOfAWorker) {
    return warn(name, text + "; raise it (memory.max, MemoryMax=) or use fewer --workers");
  }
  return ok(name, text);
}

Finding processors(const Facts& facts, const config::Options& options) {
  const std::string name = "processors";
  if (!facts.cpu_quota) return ok(name, "the cgroup has no quota");
  const std::uint64_t whole = static_cast<std::uint64_t>(std::ceil(*facts.cpu_quota));
  const std::string text = "the cgroup has a quota of " + std::to_string(whole) + " or less, for " +
                           std::to_string(options.processes.workers) + " workers";
  if (options.processes.workers > whole) {
    return warn(name, text + ", which wait for each other; --workers auto takes as many as fit");
  }
  return ok(name, text);
}

Finding huge_pages(const Facts& facts, const config::Options& options) {
  const std::string name = "huge pages";
  if (facts.huge_pages.empty()) return unknown(name);
  if (facts.huge_pages == "always" && options.processes.preload) {
    return warn(name,
                "always, so that a worker that writes a byte of what --preload shares copies 2 "
                "MiB; echo madvise > /sys/kernel/mm/transparent_hugepage/enabled");
  }
  return ok(name, facts.huge_pages);
}

Finding overcommit(const Facts& facts) {
  const std::string name = "overcommit";
  if (!facts.overcommit) return unknown(name);
  const std::string text = "vm.overcommit_memory is " + std::to_string(*facts.overcommit);
  if (*facts.overcommit == 2) {
    return warn(name, text +
                          ": a fork needs as much memory as its parent may ever write to; "
                          "sysctl vm.overcommit_memory=0");
  }
  return ok(name, text);
}

Finding debuggers(const Facts& facts) {
  const std::string name = "debuggers";
  const std::uint64_t scope = facts.ptrace_scope.value_or(0);
  const std::string text = "kernel.yama.ptrace_scope is " + std::to_string(scope);
  if (scope >= 3) {
    return warn(name, text +
                          ": nobody can look into a worker that hangs; it can be changed by a "
                          "restart of the machine alone");
  }
  return ok(name, scope == 0 ? "the same user may attach" : text + ": root may attach");
}

Finding core_dumps(const Facts& facts) {
  const std::string name = "core dumps";
  if (facts.core_pattern.starts_with('|')) {
    return ok(name, "go to " + facts.core_pattern.substr(1, facts.core_pattern.find(' ')));
  }
  if (facts.core_bytes == std::uint64_t{0}) {
    return warn(name,
                "none: a worker that crashes leaves nothing to look at; ulimit -Hc unlimited, "
                "LimitCORE=infinity of systemd");
  }
  return facts.core_pattern.empty() ? unknown(name) : ok(name, "written as " + facts.core_pattern);
}

Finding shared_memory(const Facts& facts) {
  const std::string name = "shared memory";
  if (!facts.has_memfd) {
    return fail(name,
                "memfd_create(2) is refused, without which workers share nothing; allow it in the "
                "container's seccomp profile");
  }
  if (!facts.shm_free) {
    return warn(name,
                "there is no /dev/shm, which applications may want; mount -t tmpfs tmpfs /dev/shm");
  }
  const std::string text = size(*facts.shm_free) + " are free in /dev/shm";
  if (*facts.shm_free < kLeastShm) {
    return warn(name, text +
                          ", which applications may want; --shm-size of a container, or remove "
                          "what is left there");
  }
  return ok(name, text);
}

Finding clock_source(const Facts& facts) {
  const std::string name = "clock";
  const std::string& clock = facts.clock_source;
  if (clock.empty()) return unknown(name);
  if (std::find(kQuickClocks.begin(), kQuickClocks.end(), clock) == kQuickClocks.end()) {
    return warn(name, clock +
                          ": each look at the time is a slow system call; echo tsc > "
                          "/sys/devices/system/clocksource/clocksource0/current_clocksource, "
                          "where that is available");
  }
  return ok(name, clock);
}

Finding ports(const Facts& facts, const config::Options& options) {
  const std::string name = "ports";
  const std::uint64_t first = facts.first_free_port.value_or(1024);
  for (const config::Bind& bind : options.listening.binds) {
    if (bind.kind == config::Bind::Kind::tcp && bind.port != 0 && bind.port < first &&
        !facts.may_bind_low_ports) {
      const std::string port = std::to_string(bind.port);
      return fail(name, bind.address() + " takes CAP_NET_BIND_SERVICE, as do all below " +
                            std::to_string(first) +
                            "; AmbientCapabilities= of systemd, setcap, or sysctl "
                            "net.ipv4.ip_unprivileged_port_start=" +
                            port);
    }
  }
  return ok(name, "all addresses may be bound");
}

Finding user(const Facts& facts, const config::Options& options) {
  const std::string name = "user";
  if (!facts.is_root) return ok(name, "not root");
  if (!options.service.user.empty()) {
    return ok(name, "root, and " + options.service.user + " to serve");
  }
  return warn(name, "root, and so are the workers; --user NAME has them act for somebody else");
}

std::string_view word_of(Verdict verdict) {
  switch (verdict) {
    case Verdict::ok:
      return "ok    ";
    case Verdict::warn:
      return "warn  ";
    case Verdict::fail:
      break;
  }
  return "fail  ";
}

}  // namespace

std::vector<Finding> judge(const Facts& facts, const config::Options& options) {
  return {user(facts, options),       ports(facts, options),      open_files(facts, options),
          processes(facts, options),  backlog(facts, options),    memory(facts, options),
          processors(facts, options), huge_pages(facts, options), overcommit(facts),
          shared_memory(facts),       clock_source(facts),        debuggers(facts),
          core_dumps(facts)};
}

std::string to_text(const std::vector<Finding>& findings) {
  std::string text;
  for (const Finding& finding : findings) {
    text.append(word_of(finding.verdict)).append(finding.name).append(": ");
    text.append(finding.text).append("\n");
  }
  return text;
}

bool is_fit(const std::vector<Finding>& findings) {
  return std::none_of(findings.begin(), findings.end(),
                      [](const Finding& finding) { return finding.verdict == Verdict::fail; });
}

}  // namespace prefork::doctor
