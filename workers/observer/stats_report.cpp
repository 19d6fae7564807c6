#include "workers/observer/stats_report.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdio>
#include <cstring>
#include <ctime>
#include <map>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <string_view>

#include "config/version.h"
#include "ipc/base/monotonic.h"
#include "workers/observer/proc_usage.h"

namespace prefork::observer {

namespace {

using Json = nlohmann::ordered_json;

constexpr std::uint64_t kMasterSilentNs = 5'000'000'000;
constexpr std::uint64_t kNsPerSecond = 1'000'000'000;

std::string_view name_of(ipc::ServerState state) {
  switch (state) {
    case ipc::ServerState::starting:
      return "starting";
    case ipc::ServerState::running:
      return "running";
    case ipc::ServerState::reloading:
      return "reloading";
    case ipc::ServerState::stopping:
      return "stopping";
  }
  return "unknown";
}

// RFC 3339 with milliseconds; null for "never".
Json timestamp(std::uint64_t realtime_ns) {
  if (realtime_ns == 0) {
    return nullptr;
  }
  const auto seconds = static_cast<std::time_t>(realtime_ns / kNsPerSecond);
  std::tm utc{};
  ::gmtime_r(&seconds, &utc);
  std::array<char, 64> text{};
  const std::size_t size = std::strftime(text.data(), text.size(), "%Y-%m-%dT%H:%M:%S", &utc);
  std::snprintf(text.data() + size, text.size() - size, ".%03uZ",
                static_cast<unsigned>(realtime_ns / 1'000'000 % 1000));
  return text.data();
}

// Seconds with microsecond precision.
double seconds(std::uint64_t microseconds) { return static_cast<double>(microseconds) / 1e6; }

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
    const char* name = ::sigabbrev_np(exit.number);
    reason = name != nullptr ? std::string("signal SIG") + name
                             : "signal " + std::to_string(exit.number);
  } else {
    reason = "exit code " + std::to_string(exit.number);
  }
  return {{"reason", reason},
          {"pid", exit.pid},
          {"core_dumped", exit.core_dumped},
          {"asked_for", exit.asked_for},
          {"time", timestamp(exit.at_realtime_ns)}};
}

Json counters_of(const ipc::Counters& counters) {
  const auto get = [&counters](ipc::Counter counter) { return counters.get(counter); };
  return {{"requests", get(ipc::Counter::requests)},
          {"responses",
           {{"1xx", get(ipc::Counter::responses_1xx)},
            {"2xx", get(ipc::Counter::responses_2xx)},
            {"3xx", get(ipc::Counter::responses_3xx)},
            {"4xx", get(ipc::Counter::responses_4xx)},
            {"5xx", get(ipc::Counter::responses_5xx)}}},
          {"connections",
           {{"accepted", get(ipc::Counter::connections_accepted)},
            {"handed_on", get(ipc::Counter::connections_handed_on)},
            {"received", get(ipc::Counter::connections_received)},
            {"refused", get(ipc::Counter::connections_refused)},
            {"closed", get(ipc::Counter::connections_closed)}}},
          {"bytes", {{"in", get(ipc::Counter::bytes_in)}, {"out", get(ipc::Counter::bytes_out)}}},
          {"errors",
           {{"bad_requests", get(ipc::Counter::bad_requests)},
            {"limits", get(ipc::Counter::limit_errors)},
            {"unsupported", get(ipc::Counter::unsupported_requests)},
            {"overload_rejected", get(ipc::Counter::overload_rejected)},
            {"handlers", get(ipc::Counter::handler_errors)},
            {"accept", get(ipc::Counter::accept_errors)},
            {"peer_resets", get(ipc::Counter::peer_resets)}}},
          {"timeouts",
           {{"header", get(ipc::Counter::timeouts_header)},
            {"body", get(ipc::Counter::timeouts_body)},
            {"write", get(ipc::Counter::timeouts_write)},
            {"keep_alive", get(ipc::Counter::timeouts_keep_alive)},
            {"request", get(ipc::Counter::timeouts_request)}}}};
}

// What an application counts itself, by its names.
using AppSums = std::map<std::string, std::int64_t>;

void add_all(AppSums& sums, const ipc::AppNumbers& numbers) {
  numbers.for_each(
      [&sums](const ipc::NumberName& name, std::int64_t value) { sums[name.text] += value; });
}

Json histogram(const ipc::HistogramSnapshot& snapshot) {
  return {{"count", snapshot.count()},
          {"sum_ms", static_cast<double>(snapshot.sum_us()) / 1e3},
          {"p50_us", snapshot.percentile_us(0.50)},
          {"p90_us", snapshot.percentile_us(0.90)},
          {"p99_us", snapshot.percentile_us(0.99)},
          {"p999_us", snapshot.percentile_us(0.999)}};
}

Json histogram(const ipc::Histogram& one) {
  ipc::HistogramSnapshot snapshot;
  snapshot.add(one);
  return histogram(snapshot);
}

void append_request(Json& list, const ipc::InFlightBox& box, std::string_view thread,
                    std::uint64_t now_ns) {
  if (const auto request = box.get()) {
    list.push_back({{"thread", thread},
                    {"id", request->request_id},
                    {"method", request->method},
                    {"path", request->path},
                    {"peer", ipc::to_string(request->peer)},
                    {"age_ms", milliseconds_since(request->started_ns, now_ns)}});
  }
}

Json in_flight(const ipc::WorkerRecord& record, std::uint32_t pool_threads, std::uint64_t now_ns) {
  Json list = Json::array();
  append_request(list, record.loop_request, "loop", now_ns);
  for (std::uint32_t i = 0; i < std::min(pool_threads, ipc::kMaxPoolThreads); ++i) {
    append_request(list, record.pool_requests[i], "pool-" + std::to_string(i), now_ns);
  }
  return list;
}

// What all workers together did, those that have ended included.
struct Totals {
  ipc::Counters counters;
  ipc::HistogramSnapshot latency;
  ipc::HistogramSnapshot queue_wait;
  ipc::HistogramSnapshot run_time;
  std::array<std::uint64_t, ipc::kGaugeCount> gauges{};
  AppSums application;
  std::uint64_t cpu_us = 0;

  void add(const ipc::WorkerRecord& record) {
    counters.add_all(record.counters);
    add_all(application, record.app_numbers);
    latency.add(record.latency);
    queue_wait.add(record.queue_wait);
    run_time.add(record.run_time);
    for (std::size_t i = 0; i < ipc::kGaugeCount; ++i) {
      gauges[i] += record.gauges.get(static_cast<ipc::Gauge>(i));
    }
  }
};

class Report {
 public:
  explicit Report(const StatsReportInputs& inputs)
      : inputs_(inputs), segment_(inputs.segment), now_ns_(ipc::monotonic_ns()) {}

  Json make() {
    // Numbers of one moment: never between a worker's end and its being counted among the retired.
    segment_.read_consistently([this] { collect(); });
    Json report;
    report["server"] = server();
    report["totals"] = totals();
    report["workers"] = std::move(workers_);
    report["retired"] = counters_of(segment_.retired().counters);
    return report;
  }

 private:
  void collect() {
    workers_ = Json::array();
    totals_ = std::make_unique<Totals>();
    totals_->add(segment_.retired());
    totals_->cpu_us = segment_.header().retired_cpu_us.load(std::memory_order_acquire);
    for (std::uint32_t slot = 0; slot < segment_.slots_in_use(); ++slot) {
      bool shown = false;
      for (std::uint32_t seat = 0; seat < ipc::kSeatsPerSlot; ++seat) {
        const ipc::WorkerRecord& record = segment_.record({slot, seat});
        const ipc::ProcessState state = record.state.load(std::memory_order_acquire);
        if (state != ipc::ProcessState::vacant) {
          workers_.push_back(worker(slot, record, state));
          shown = true;
        }
      }
      if (!shown) {
        workers_.push_back({{"slot", slot}, {"pid", nullptr}, {"state", "vacant"}});
      }
    }
  }

  Json worker(std::uint32_t slot, const ipc::WorkerRecord& record, ipc::ProcessState state) {
    const ipc::SlotNotes& notes = segment_.notes(slot);
    const std::int32_t pid = record.pid.load(std::memory_order_relaxed);
    const std::uint64_t forked_ns = record.forked_monotonic_ns.load(std::memory_order_relaxed);
    const std::uint64_t ready_ns = record.ready_monotonic_ns.load(std::memory_order_relaxed);
    const std::uint64_t beat_ns = record.beat_ns.load(std::memory_order_relaxed);
    const auto usage = pid > 0 ? read_proc_usage(pid) : std::nullopt;
    totals_->add(record);
    totals_->cpu_us += usage ? usage->cpu_us : 0;

    Json json = {
        {"slot", slot},
        {"pid", pid > 0 ? Json(pid) : Json(nullptr)},
        {"generation", record.generation.load(std::memory_order_relaxed)},
        {"state", to_string(state)},
        {"started_at", timestamp(record.forked_realtime_ns.load(std::memory_order_relaxed))},
        {"boot_ms", ready_ns == 0 ? Json(nullptr) : Json(milliseconds_since(forked_ns, ready_ns))},
        {"restarts", notes.restarts.load(std::memory_order_relaxed)},
        {"last_exit", last_exit(notes.last_exit.get())},
        {"heartbeat_age_ms",
         beat_ns == 0 ? Json(nullptr) : Json(milliseconds_since(beat_ns, now_ns_))},
        {"accepting", record.accepting.load(std::memory_order_relaxed) != 0},
        {"cpu_seconds", usage ? Json(seconds(usage->cpu_us)) : Json(nullptr)},
        {"resident_bytes", usage ? Json(usage->resident_bytes) : Json(nullptr)}};
    json.update(counters_of(record.counters));
    json["connections"]["active"] = record.gauges.get(ipc::Gauge::connections_active);
    json["connections"]["idle"] = record.gauges.get(ipc::Gauge::connections_idle);
    json["pool"] = pool(record);
    json["latency"] = histogram(record.latency);
    AppSums application;
    add_all(application, record.app_numbers);
    json["application"] = Json(application);
    json["in_flight"] = in_flight(record, inputs_.pool_threads, now_ns_);
    return json;
  }

  static Json pool(const ipc::WorkerRecord& record) {
    return {{"threads", record.gauges.get(ipc::Gauge::pool_threads)},
            {"busy", record.gauges.get(ipc::Gauge::pool_busy)},
            {"queued", record.gauges.get(ipc::Gauge::pool_queued)},
            {"in_progress", record.gauges.get(ipc::Gauge::requests_in_progress)},
            {"rejected", record.counters.get(ipc::Counter::overload_rejected)},
            {"skipped", record.counters.get(ipc::Counter::requests_abandoned)},
            {"queue_wait", histogram(record.queue_wait)},
            {"run_time", histogram(record.run_time)}};
  }

  Json server() const {
    const ipc::SegmentHeader& header = segment_.header();
    Json listeners = Json::array();
    for (const std::string& url : inputs_.urls) {
      listeners.push_back(url);
    }
    return {
        {"name", "prefork-server"},
        {"version", config::kVersion},
        {"state", name_of(header.state.load(std::memory_order_acquire))},
        {"master_pid", header.master_pid.load(std::memory_order_relaxed)},
        {"observer_pid", header.observer_pid.load(std::memory_order_relaxed)},
        {"observer_restarts", header.observer_restarts.load(std::memory_order_relaxed)},
        {"started_at", timestamp(header.started_realtime_ns.load(std::memory_order_relaxed))},
        {"uptime_seconds",
         milliseconds_since(header.started_monotonic_ns.load(std::memory_order_relaxed), now_ns_) /
             1e3},
        {"generation", header.generation.load(std::memory_order_relaxed)},
        {"reloads", header.reloads.load(std::memory_order_relaxed)},
        {"listeners", listeners},
        {"admin", inputs_.admin_url}};
  }

  Json totals() const {
    Json json = counters_of(totals_->counters);
    const auto gauge = [this](ipc::Gauge name) {
      return totals_->gauges[static_cast<std::size_t>(name)];
    };
    json["connections"]["active"] = gauge(ipc::Gauge::connections_active);
    json["connections"]["idle"] = gauge(ipc::Gauge::connections_idle);
    json["pool"] = {{"threads", gauge(ipc::Gauge::pool_threads)},
                    {"busy", gauge(ipc::Gauge::pool_busy)},
                    {"queued", gauge(ipc::Gauge::pool_queued)},
                    {"in_progress", gauge(ipc::Gauge::requests_in_progress)},
                    {"rejected", totals_->counters.get(ipc::Counter::overload_rejected)},
                    {"skipped", totals_->counters.get(ipc::Counter::requests_abandoned)},
                    {"queue_wait", histogram(totals_->queue_wait)},
                    {"run_time", histogram(totals_->run_time)}};
    json["latency"] = histogram(totals_->latency);
    json["application"] = Json(totals_->application);
    json["cpu_seconds"] = seconds(totals_->cpu_us);
    return json;
  }

  const StatsReportInputs& inputs_;
  const ipc::Segment& segment_;
  const std::uint64_t now_ns_;
  Json workers_;
  std::unique_ptr<Totals> totals_;
};

}  // namespace

std::string make_stats_report(const StatsReportInputs& inputs) {
  // Paths come from clients as bytes; what is not UTF-8 must not make the report fail.
  return Report(inputs).make().dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
}

bool is_serving(const ipc::Segment& segment) {
  if (segment.header().state.load(std::memory_order_acquire) == ipc::ServerState::stopping) {
    return false;
  }
  for (std::uint32_t slot = 0; slot < segment.slots_in_use(); ++slot) {
    for (std::uint32_t seat = 0; seat < ipc::kSeatsPerSlot; ++seat) {
      const ipc::WorkerRecord& record = segment.record({slot, seat});
      if (record.state.load(std::memory_order_acquire) == ipc::ProcessState::ready &&
          record.accepting.load(std::memory_order_acquire) != 0) {
        return true;
      }
    }
  }
  return false;
}

bool is_master_alive(const ipc::Segment& segment) {
  const std::uint64_t now_ns = ipc::monotonic_ns();
  const std::uint64_t beat_ns = segment.header().master_beat_ns.load(std::memory_order_relaxed);
  return beat_ns >= now_ns || now_ns - beat_ns <= kMasterSilentNs;
}

}  // namespace prefork::observer
