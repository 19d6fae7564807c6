#include "workers/observer/stats_json.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdio>
#include <ctime>
#include <nlohmann/json.hpp>
#include <string_view>

#include "config/version.h"
#include "ipc/base/signal_name.h"
#include "ipc/base/timespec.h"

namespace prefork::observer {

namespace {

using Json = nlohmann::ordered_json;

constexpr std::string_view kPoolGroup = "pool";  // comes with its histograms

// RFC 3339 with milliseconds; null for "never".
Json timestamp(std::uint64_t realtime_ns) {
  if (realtime_ns == 0) {
    return nullptr;
  }
  const auto seconds = static_cast<std::time_t>(realtime_ns / ipc::kNsPerSecond);
  std::tm utc{};
  ::gmtime_r(&seconds, &utc);
  std::array<char, 64> text{};
  const std::size_t size = std::strftime(text.data(), text.size(), "%Y-%m-%dT%H:%M:%S", &utc);
  std::snprintf(text.data() + size, text.size() - size, ".%03uZ",
                static_cast<unsigned>(realtime_ns / 1'000'000 % 1000));
  return text.data();
}

// Seconds with microsecond precision.
double us_to_seconds(std::uint64_t microseconds) { return static_cast<double>(microseconds) / 1e6; }

double milliseconds_since(std::uint64_t then_ns, std::uint64_t now_ns) {
  const std::uint64_t age_ns = now_ns > then_ns ? now_ns - then_ns : 0;
  return std::round(static_cast<double>(age_ns) / 1e4) / 100;
}

Json last_exit(const ipc::LastExit& exit) {
  if (exit.kind == ipc::LastExit::Kind::none) {
    return nullptr;
  }
  std::string reason;
  if (exit.kind == ipc::LastExit::Kind::signal) {
    reason = "signal " + ipc::signal_name(exit.number);
  } else {
    reason = "exit code " + std::to_string(exit.number);
  }
  return {{"reason", reason},
          {"pid", exit.pid},
          {"core_dumped", exit.core_dumped},
          {"asked_for", exit.asked_for},
          {"recycled", exit.recycled ? Json(to_string(*exit.recycled)) : Json(nullptr)},
          {"time", timestamp(exit.at_realtime_ns)}};
}

// In the order of the table of counters; those of the pool stand elsewhere.
Json counters_of(const CounterValues& values) {
  Json json;
  for (const auto& spec : ipc::kCounterSpecs) {
    const std::uint64_t value = values[static_cast<std::size_t>(spec.number)];
    if (spec.group.empty()) {
      json[std::string(spec.name)] = value;
    } else if (spec.group != kPoolGroup) {
      json[std::string(spec.group)][std::string(spec.name)] = value;
    }
  }
  return json;
}

template <typename Snapshot>
Json histogram(const Snapshot& snapshot) {
  return {{"count", snapshot.count()},
          {"sum_ms", static_cast<double>(snapshot.sum_us()) / 1e3},
          {"p50_us", snapshot.percentile_us(0.50)},
          {"p90_us", snapshot.percentile_us(0.90)},
          {"p99_us", snapshot.percentile_us(0.99)},
          {"p999_us", snapshot.percentile_us(0.999)}};
}

Json buckets_of(const ipc::FineHistogramSnapshot& snapshot) {
  Json buckets = Json::array();
  for (std::size_t i = 0; i < ipc::FineHistogram::kBucketCount; ++i) {
    if (const std::uint64_t count = snapshot.bucket(i); count != 0) {
      buckets.push_back({ipc::FineHistogram::lower_bound(i), count});
    }
  }
  return buckets;
}

// What a worker and all of them together show alike.
void add_numbers(Json& json, const Numbers& numbers) {
  json.update(counters_of(numbers.counters));
  Json pool;
  for (const auto& spec : ipc::kGaugeSpecs) {
    const std::uint64_t value = numbers.of(spec.number);
    (spec.group == kPoolGroup ? pool : json[std::string(spec.group)])[std::string(spec.name)] =
        value;
  }
  pool["rejected"] = numbers.of(ipc::Counter::overload_rejected);
  pool["skipped"] = numbers.of(ipc::Counter::requests_abandoned);
  pool["shed"] = numbers.of(ipc::Counter::requests_shed);
  pool["classes"] = Json::array();
  for (const PoolNumbers& one : numbers.pools) {
    Json& shown = pool["classes"].emplace_back(Json{{"name", one.name}});
    for (std::size_t i = 0; i < one.numbers.size(); ++i) {
      shown[std::string(ipc::PoolRecord::kNumberNames[i])] = one.numbers[i];
    }
  }
  pool["queue_wait"] = histogram(numbers.queue_wait);
  pool["run_time"] = histogram(numbers.run_time);
  json["pool"] = std::move(pool);
  json["latency"] = histogram(numbers.latency);
  json["application"] = Json::object();
  for (const auto& [name, value] : numbers.application) {
    json["application"][name.second] = value;
  }
}

// Null while no thread runs it.
Json thread_of(const ipc::RequestInFlight& one) {
  if (one.pool_thread) {
    return "pool-" + std::to_string(*one.pool_thread);
  }
  return one.is_on_loop ? Json("loop") : Json(nullptr);
}

Json in_flight(const WorkerSnapshot& worker, std::uint64_t now_ns) {
  Json list = Json::array();
  for (const ipc::RequestInFlight& one : worker.in_flight.named) {
    const ipc::InFlightRequest& request = one.request;
    list.push_back({{"phase", ipc::to_string(request.phase)},
                    {"thread", thread_of(one)},
                    {"id", request.request_id == 0 ? Json(nullptr) : Json(request.request_id)},
                    {"method", request.method},
                    {"path", request.path},
                    {"peer", ipc::to_string(request.peer)},
                    {"age_ms", milliseconds_since(request.started_ns, now_ns)}});
  }
  return list;
}

Json worker_of(const WorkerSnapshot& worker, std::uint64_t now_ns) {
  if (worker.state == ipc::ProcessState::vacant) {
    return {{"slot", worker.slot}, {"pid", nullptr}, {"state", "vacant"}};
  }
  const auto& usage = worker.usage;
  Json json = {
      {"slot", worker.slot},
      {"pid", worker.pid > 0 ? Json(worker.pid) : Json(nullptr)},
      {"generation", worker.generation},
      {"state", to_string(worker.state)},
      {"started_at", timestamp(worker.forked_realtime_ns)},
      {"boot_ms", worker.ready_ns == 0
                      ? Json(nullptr)
                      : Json(milliseconds_since(worker.forked_ns, worker.ready_ns))},
      {"restarts", worker.restarts},
      {"last_exit", last_exit(worker.last_exit)},
      {"heartbeat_age_ms",
       worker.beat_ns == 0 ? Json(nullptr) : Json(milliseconds_since(worker.beat_ns, now_ns))},
      {"accepting", worker.is_accepting},
      {"cpu_seconds", usage ? Json(us_to_seconds(usage->cpu_us)) : Json(nullptr)},
      {"resident_bytes", usage ? Json(usage->resident_bytes) : Json(nullptr)}};
  add_numbers(json, worker.numbers);
  json["in_flight"] = in_flight(worker, now_ns);
  json["in_flight_more"] = worker.in_flight.more;
  return json;
}

Json shared_of(const SharedSnapshot& shared) {
  Json json = {{"name", shared.name}, {"kind", shared.kind}};
  for (const auto& [name, value] : shared.values) {
    std::visit([&json, &key = name](auto shown) { json[key] = shown; }, value);
  }
  json["holders"] = shared.holders;
  json["waiters"] = shared.waiters;
  return json;
}

Json tasks_of(const TaskSnapshot& tasks) {
  Json processes = Json::array();
  for (const TaskProcessSnapshot& one : tasks.processes) {
    processes.push_back({{"slot", one.slot},
                         {"pid", one.pid > 0 ? Json(one.pid) : Json(nullptr)},
                         {"generation", one.generation},
                         {"state", to_string(one.state)},
                         {"started_at", timestamp(one.forked_realtime_ns)},
                         {"task", one.current.empty() ? Json(nullptr) : Json(one.current)},
                         {"restarts", one.restarts},
                         {"last_exit", last_exit(one.last_exit)},
                         {"done", one.done},
                         {"failed", one.failed},
                         {"crashed", one.crashed}});
  }
  return {{"room", tasks.room},
          {"queued", tasks.queued},
          {"running", tasks.running},
          {"finished", tasks.finished},
          {"processes", std::move(processes)}};
}

// How many workers were replaced, and why.
Json recycles_of(const ServerSnapshot& server) {
  Json json;
  for (std::size_t i = 0; i < server.recycles.size(); ++i) {
    json[std::string(to_string(static_cast<ipc::RecycleReason>(i + 1)))] = server.recycles[i];
  }
  return json;
}

Json server_of(const StatsSnapshot& snapshot, const std::vector<std::string>& urls,
               const std::string& admin_url) {
  const ServerSnapshot& server = snapshot.server;
  return {{"name", "prefork-server"},
          {"version", config::kVersion},
          {"state", to_string(server.state)},
          {"master_pid", server.master_pid},
          {"observer_pid", server.observer_pid},
          {"observer_restarts", server.observer_restarts},
          {"started_at", timestamp(server.started_realtime_ns)},
          {"uptime_seconds", milliseconds_since(server.started_ns, snapshot.now_ns) / 1e3},
          {"generation", server.generation},
          {"mixed", snapshot.is_mixed()},
          {"reloads", server.reloads},
          {"recycles", recycles_of(server)},
          {"head_parser", snapshot.head_parser},
          {"listeners", urls},
          {"admin", admin_url}};
}

// Of all workers, by route.
Json routes_of(const StatsSnapshot& snapshot) {
  Json routes = Json::array();
  for (const RouteSnapshot::Route& route : snapshot.requests.routes) {
    if (const std::uint64_t answered = route.answered(); answered != 0) {
      const std::uint64_t timed = std::max<std::uint64_t>(route.durations.count(), 1);
      routes.push_back({{"route", route.name},
                        {"requests", answered},
                        {"errors", route.failed()},
                        {"mean_ms", static_cast<double>(route.durations.sum / timed) / 1e3}});
    }
  }
  return routes;
}

Json banned_routes_of(const StatsSnapshot& snapshot) {
  Json routes = Json::array();
  for (const ipc::RouteBans::Ban& ban : snapshot.server.banned_routes) {
    const std::uint64_t left_ns = ban.until_ns - std::min(ban.until_ns, snapshot.now_ns);
    routes.push_back({{"request", ban.request},
                      {"generation", ban.key.generation},
                      {"seconds_left", static_cast<double>(left_ns) / 1e9},
                      {"on_trial", ban.is_on_trial}});
  }
  return routes;
}

// What the master has written, but for what cannot be read.
Json parsed(const std::vector<std::string>& texts) {
  Json list = Json::array();
  for (const std::string& text : texts) {
    if (Json json = Json::parse(text, nullptr, false); !json.is_discarded()) {
      list.push_back(std::move(json));
    }
  }
  return list;
}

}  // namespace

std::string to_json(const StatsSnapshot& snapshot, const std::vector<std::string>& urls,
                    const std::string& admin_url, bool is_detailed) {
  Json json;
  json["server"] = server_of(snapshot, urls, admin_url);
  Json totals = Json::object();
  add_numbers(totals, snapshot.totals);
  totals["cpu_seconds"] = us_to_seconds(snapshot.cpu_us);
  if (is_detailed) {
    totals["latency"]["buckets"] = buckets_of(snapshot.totals.latency);
  }
  json["totals"] = std::move(totals);
  json["workers"] = Json::array();
  for (const WorkerSnapshot& worker : snapshot.workers) {
    json["workers"].push_back(worker_of(worker, snapshot.now_ns));
  }
  json["routes"] = routes_of(snapshot);
  json["banned_routes"] = banned_routes_of(snapshot);
  json["retired"] = counters_of(snapshot.retired);
  json["shared"] = Json::array();
  for (const SharedSnapshot& shared : snapshot.shared) {
    json["shared"].push_back(shared_of(shared));
  }
  if (snapshot.tasks.room != 0) {
    json["tasks"] = tasks_of(snapshot.tasks);
  }
  if (snapshot.spans) {
    json["traces"] = {{"sent", snapshot.spans->sent}, {"discarded", snapshot.spans->discarded}};
  }
  const Json slow = Json::parse(snapshot.slow, nullptr, false);
  json["slow"] = slow.is_discarded() ? Json::array() : slow;
  json["last_words"] = parsed(snapshot.last_words);
  json["reload_history"] = parsed(snapshot.reload_history);
  // Paths come from clients as bytes; what is not UTF-8 must not make the report fail.
  return json.dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
}

}  // namespace prefork::observer
