#include "workers/observer/metrics.h"

#include <algorithm>
#include <array>
#include <set>

#include "config/version.h"
#include "ipc/base/signal_name.h"
#include "server/http/accept.h"
#include "workers/observer/counter_metrics.h"

namespace prefork::observer {

namespace {

using Type = MetricText::Type;

double seconds(std::uint64_t ns) { return static_cast<double>(ns) / 1e9; }

void add_server(MetricText& text, const StatsSnapshot& snapshot) {
  const ServerSnapshot& server = snapshot.server;
  text.family(Type::info, "prefork_build", "The server's version");
  text.sample({{"version", config::kVersion}}, std::uint64_t{1});
  text.family(Type::gauge, "prefork_generation",
              "Generation of the configuration and application that serve; grows with each reload");
  text.sample({}, std::uint64_t{server.generation});
  text.family(Type::counter, "prefork_reloads", "Reloads that succeeded");
  text.sample({}, server.reloads);
  text.family(Type::gauge, "prefork_accept_queue_length",
              "TCP connections that wait to be accepted");
  text.sample({}, server.accept_queue_length);
  text.family(Type::gauge, "prefork_accept_queue_limit",
              "TCP connections that may wait to be accepted; further ones are dropped");
  text.sample({}, server.accept_queue_limit);
  text.family(Type::gauge, "prefork_banned_routes",
              "Routes that answer 503 because requests for them ended workers");
  text.sample({}, std::uint64_t{server.banned_routes.size()});
  text.family(Type::gauge, "process_start_time_seconds", "Start of the server since the epoch");
  text.sample({}, seconds(server.started_realtime_ns));
  text.family(Type::counter, "process_cpu_seconds",
              "User and system CPU time of all workers, those that have ended included");
  text.sample({}, static_cast<double>(snapshot.cpu_us) / 1e6);
  std::uint64_t resident = 0;
  for (const WorkerSnapshot& worker : snapshot.workers) {
    resident += worker.usage ? worker.usage->resident_bytes : 0;
  }
  text.family(Type::gauge, "process_resident_memory_bytes",
              "Resident memory of all workers; what they share counts for each");
  text.sample({}, resident);
}

void add_requests(MetricText& text, const RouteSnapshot& requests) {
  text.family(
      Type::counter, "prefork_http_requests",
      "Requests that are over, by route, method and status code; 499: nothing was answered");
  for (const RouteSnapshot::Route& route : requests.routes) {
    for (const auto& [kind, count] : route.requests) {
      const std::string code = std::to_string(kind.second);
      text.sample({{"method", kind.first}, {"code", code}, {"route", route.name}}, count);
    }
  }
  text.family(Type::histogram, "prefork_http_request_duration_seconds",
              "Time from a complete request to its answer, of a stream to its beginning");
  for (const RouteSnapshot::Route& route : requests.routes) {
    if (route.durations.count() != 0) {
      text.histogram({{"route", route.name}}, route.durations);
    }
  }
  text.family(Type::histogram, "prefork_http_request_queue_seconds",
              "Time that requests waited for a thread of the pool");
  text.histogram({}, requests.queue_times);
  text.family(Type::histogram, "prefork_http_request_handler_seconds",
              "Time that handlers ran on a thread of the pool, but for streams");
  text.histogram({}, requests.handler_times);
  text.family(Type::histogram, "prefork_http_response_write_seconds",
              "Time to write answers that were not written as a whole with their head");
  text.histogram({}, requests.write_times);
  text.family(Type::histogram, "prefork_http_request_receive_delay_seconds",
              "Time that requests lay in the kernel before a worker read them; of a sample");
  text.histogram({}, requests.receive_delays);
  text.family(Type::histogram, "prefork_http_response_size_bytes", "Content of answers");
  text.histogram({}, requests.response_sizes);
}

void add_connections(MetricText& text, const Numbers& totals) {
  const std::uint64_t active = totals.of(ipc::Gauge::connections_active);
  const std::uint64_t idle = std::min(totals.of(ipc::Gauge::connections_idle), active);
  text.family(Type::gauge, "prefork_connections", "Open connections");
  text.sample({{"state", "active"}}, active - idle);
  text.sample({{"state", "idle"}}, idle);
  text.family(Type::gauge, "prefork_http_requests_in_progress",
              "Requests that wait for a thread, run there or are to be answered later");
  text.sample({}, totals.of(ipc::Gauge::requests_in_progress));
  text.family(Type::gauge, "prefork_http_streams", "Of these: responses without a length");
  text.sample({}, totals.of(ipc::Gauge::streams));
}

void add_pools(MetricText& text, const Numbers& totals) {
  using Number = ipc::PoolRecord::Number;
  struct Shown {
    Number number;
    std::string_view name;
    std::string_view help;
  };
  constexpr std::array kShown = {
      Shown{Number::threads, "prefork_pool_threads", "Threads of the pool, by class"},
      Shown{Number::busy, "prefork_pool_busy_threads", "Of these: running a handler"},
      Shown{Number::queued, "prefork_pool_queue_length", "Requests that wait for a thread"}};
  for (const Shown& shown : kShown) {
    text.family(Type::gauge, shown.name, shown.help);
    for (const PoolNumbers& pool : totals.pools) {
      text.sample({{"pool", pool.name}}, pool.numbers[static_cast<std::size_t>(shown.number)]);
    }
  }
}

// Jain's index of what each has: 1 when all have the same, 1/n when one has everything.
double fairness(const std::vector<double>& shares) {
  double sum = 0;
  double squares = 0;
  for (const double share : shares) {
    sum += share;
    squares += share * share;
  }
  return squares == 0 ? 1 : sum * sum / (static_cast<double>(shares.size()) * squares);
}

bool is_up(const WorkerSnapshot& worker) { return worker.state == ipc::ProcessState::ready; }

void add_each_worker(MetricText& text, const StatsSnapshot& snapshot) {
  std::map<std::uint32_t, const WorkerSnapshot*> slots;  // the newest process of each
  for (const WorkerSnapshot& worker : snapshot.workers) {
    const WorkerSnapshot*& shown = slots[worker.slot];
    if (shown == nullptr || (is_up(worker) && worker.generation >= shown->generation)) {
      shown = &worker;
    }
  }
  const auto add = [&](Type type, std::string_view name, std::string_view help, auto value_of) {
    text.family(type, name, help);
    for (const auto& [slot, worker] : slots) {
      const std::string number = std::to_string(slot);
      text.sample({{"slot", number}}, value_of(*worker));
    }
  };
  add(Type::gauge, "prefork_worker_up", "1 while the worker of the slot is ready",
      [](const WorkerSnapshot& worker) { return std::uint64_t{is_up(worker) ? 1U : 0U}; });
  add(Type::counter, "prefork_worker_restarts", "Processes that took the place of a lost one",
      [](const WorkerSnapshot& worker) { return std::uint64_t{worker.restarts}; });
  add(Type::gauge, "prefork_worker_connections", "Open connections of the slot's worker",
      [](const WorkerSnapshot& worker) {
        return worker.numbers.of(ipc::Gauge::connections_active);
      });
  add(Type::gauge, "prefork_worker_resident_memory_bytes", "Resident memory of the slot's worker",
      [](const WorkerSnapshot& worker) {
        return worker.usage ? worker.usage->resident_bytes : std::uint64_t{0};
      });
}

void add_workers(MetricText& text, const StatsSnapshot& snapshot) {
  std::map<std::string_view, std::uint64_t> states;
  std::vector<double> connections;
  for (const WorkerSnapshot& worker : snapshot.workers) {
    if (worker.state != ipc::ProcessState::vacant) {
      ++states[to_string(worker.state)];
    }
    if (is_up(worker)) {
      connections.push_back(static_cast<double>(worker.numbers.of(ipc::Gauge::connections_active)));
    }
  }
  text.family(Type::gauge, "prefork_workers", "Worker processes by state");
  for (const auto& [state, count] : states) {
    text.sample({{"state", state}}, count);
  }
  text.family(Type::gauge, "prefork_worker_fairness_ratio",
              "How evenly connections are spread over workers (Jain's index): 1 is even");
  text.sample({}, fairness(connections));
  add_each_worker(text, snapshot);
}

void add_ends(MetricText& text, const ServerSnapshot& server) {
  text.family(Type::counter, "prefork_worker_replacements",
              "Workers that were replaced while they still served, by reason");
  for (std::size_t i = 0; i < server.recycles.size(); ++i) {
    text.sample({{"reason", to_string(static_cast<ipc::RecycleReason>(i + 1))}},
                server.recycles[i]);
  }
  text.family(Type::counter, "prefork_worker_exits", "Worker processes that have ended, by how");
  text.sample({{"how", "exit code 0"}}, server.ended_as_asked);
  text.sample({{"how", "other exit code"}}, server.ended_with_failure);
  for (const auto& [number, count] : server.ended_by_signal) {
    const std::string name = ipc::signal_name(number);
    text.sample({{"how", name.starts_with("SIG") ? name : "signal " + name}}, count);
  }
}

// What the application counts itself, by its names, each with `app_` before it.
void add_application(MetricText& text, const StatsSnapshot& snapshot) {
  constexpr std::string_view kTotal = "_total";
  std::set<std::string> names;
  for (const auto& [number, value] : snapshot.totals.application) {
    const bool is_counter = number.first == ipc::NumberKind::counter;
    std::string name = "app_" + number.second;
    if (is_counter && name.ends_with(kTotal)) {
      name.resize(name.size() - kTotal.size());
    }
    // Two that would be one there: the first is shown.
    if (names.insert(name).second) {
      text.family(is_counter ? Type::counter : Type::gauge, name, "Of the application");
      text.sample({}, value);
    }
  }
  // Of one whose steps a reload has changed, as the newest workers have it.
  std::vector<ApplicationHistogram> histograms = snapshot.application_histograms;
  std::stable_sort(histograms.begin(), histograms.end(), [](const auto& one, const auto& other) {
    return one.generation > other.generation;
  });
  for (const ApplicationHistogram& histogram : histograms) {
    const std::string name = "app_" + histogram.shape.name;
    if (names.insert(name).second) {
      text.family(Type::histogram, name, "Of the application");
      text.histogram({}, histogram.shape, histogram.values);
    }
  }
}

}  // namespace

MetricFormat metric_format_for(http::FieldView fields) {
  constexpr std::string_view kOpenMetrics = "application/openmetrics-text";
  const auto accepted = http::find_field(fields, "accept");
  const bool is_named = accepted && accepted->find(kOpenMetrics) != std::string_view::npos;
  return is_named && http::accepts_type(fields, kOpenMetrics) ? MetricFormat::open_metrics
                                                              : MetricFormat::prometheus;
}

std::string to_metrics(const StatsSnapshot& snapshot, MetricFormat format) {
  MetricText text(format);
  add_server(text, snapshot);
  add_requests(text, snapshot.requests);
  add_connections(text, snapshot.totals);
  add_counters(text, snapshot.totals);
  add_pools(text, snapshot.totals);
  add_workers(text, snapshot);
  add_ends(text, snapshot.server);
  add_application(text, snapshot);
  return text.take();
}

}  // namespace prefork::observer
