#include "workers/observer/live_json.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <string_view>

#include "config/version.h"
#include "ipc/base/monotonic.h"

namespace prefork::observer {

namespace {

using CompactJson = nlohmann::ordered_json;

constexpr std::size_t kLivePathBytes = 120;

std::uint64_t age_ms(std::uint64_t then_ns, std::uint64_t now_ns) {
  constexpr std::uint64_t kNsPerMs = 1'000'000;
  return now_ns > then_ns ? (now_ns - then_ns) / kNsPerMs : 0;
}

// The smallest microseconds of a bucket and how many are in it, one after the other.
CompactJson live_buckets(const ipc::FineHistogramSnapshot& latency) {
  CompactJson buckets = CompactJson::array();
  for (std::size_t i = 0; i < ipc::FineHistogram::kBucketCount; ++i) {
    if (const std::uint64_t count = latency.bucket(i); count != 0) {
      buckets.push_back(ipc::FineHistogram::lower_bound(i));
      buckets.push_back(count);
    }
  }
  return buckets;
}

CompactJson live_totals(const StatsSnapshot& snapshot) {
  const Numbers& all = snapshot.totals;
  return {{"requests", all.of(ipc::Counter::requests)},
          {"responses",
           {all.of(ipc::Counter::responses_1xx), all.of(ipc::Counter::responses_2xx),
            all.of(ipc::Counter::responses_3xx), all.of(ipc::Counter::responses_4xx),
            all.of(ipc::Counter::responses_5xx)}},
          {"rejected", all.of(ipc::Counter::overload_rejected)},
          {"accepted", all.of(ipc::Counter::connections_accepted)},
          {"active", all.of(ipc::Gauge::connections_active)},
          {"idle", all.of(ipc::Gauge::connections_idle)},
          {"bytes_in", all.of(ipc::Counter::bytes_in)},
          {"bytes_out", all.of(ipc::Counter::bytes_out)},
          {"threads", all.of(ipc::Gauge::pool_threads)},
          {"busy", all.of(ipc::Gauge::pool_busy)},
          {"queued", all.of(ipc::Gauge::pool_queued)},
          {"cpu_us", snapshot.cpu_us},
          {"latency", live_buckets(all.latency)}};
}

CompactJson live_hand(const WorkerSnapshot& worker, std::uint64_t now_ns) {
  std::vector<const ipc::RequestInFlight*> oldest;
  for (const ipc::RequestInFlight& one : worker.in_flight.named) {
    oldest.push_back(&one);
  }
  const std::size_t shown = std::min(oldest.size(), kLiveRequests);
  std::partial_sort(oldest.begin(), oldest.begin() + static_cast<std::ptrdiff_t>(shown),
                    oldest.end(), [](const auto* one, const auto* other) {
                      return one->request.started_ns < other->request.started_ns;
                    });
  CompactJson hand = CompactJson::array();
  for (std::size_t i = 0; i < shown; ++i) {
    const ipc::InFlightRequest& request = oldest[i]->request;
    hand.push_back({request.method, std::string_view(request.path).substr(0, kLivePathBytes),
                    ipc::to_string(request.phase), age_ms(request.started_ns, now_ns)});
  }
  return hand;
}

CompactJson live_worker(const WorkerSnapshot& worker, std::uint64_t now_ns) {
  CompactJson json = {{"slot", worker.slot}, {"state", to_string(worker.state)}};
  if (worker.state == ipc::ProcessState::vacant) {
    return json;
  }
  json["pid"] = worker.pid;
  json["generation"] = worker.generation;
  json["accepting"] = worker.is_accepting;
  json["age"] = age_ms(worker.forked_ns, now_ns);
  json["beat"] =
      worker.beat_ns == 0 ? CompactJson(nullptr) : CompactJson(age_ms(worker.beat_ns, now_ns));
  json["restarts"] = worker.restarts;
  json["memory"] = worker.usage ? CompactJson(worker.usage->resident_bytes) : CompactJson(nullptr);
  json["cpu_us"] = worker.usage ? CompactJson(worker.usage->cpu_us) : CompactJson(nullptr);
  json["requests"] = worker.numbers.of(ipc::Counter::requests);
  json["active"] = worker.numbers.of(ipc::Gauge::connections_active);
  json["busy"] = worker.numbers.of(ipc::Gauge::pool_busy);
  json["queued"] = worker.numbers.of(ipc::Gauge::pool_queued);
  json["in_hand"] = worker.in_flight.named.size() + worker.in_flight.more;
  json["hand"] = live_hand(worker, now_ns);
  return json;
}

CompactJson live_texts(const std::vector<std::string>& texts) {
  CompactJson list = CompactJson::array();
  for (const std::string& text : texts) {
    if (CompactJson json = CompactJson::parse(text, nullptr, false); !json.is_discarded()) {
      list.push_back(std::move(json));
    }
  }
  return list;
}

// Paths come from clients as bytes; what is not UTF-8 must not make the report fail.
std::string compact(const CompactJson& json) {
  return json.dump(-1, ' ', false, CompactJson::error_handler_t::replace);
}

}  // namespace

LiveReport to_live_report(const StatsSnapshot& snapshot, const LiveSetting& setting) {
  const ServerSnapshot& server = snapshot.server;
  CompactJson state = {
      {"now", snapshot.now_ns / 1'000'000}, {"uptime", age_ms(server.started_ns, snapshot.now_ns)},
      {"state", to_string(server.state)},   {"generation", server.generation},
      {"reloads", server.reloads},          {"observer_pid", server.observer_pid},
      {"may_command", setting.may_command}, {"totals", live_totals(snapshot)}};
  CompactJson& workers = state["workers"] = CompactJson::array();
  for (const WorkerSnapshot& worker : snapshot.workers) {
    workers.push_back(live_worker(worker, snapshot.now_ns));
  }
  const CompactJson slow = CompactJson::parse(snapshot.slow, nullptr, false);
  const CompactJson details = {{"version", config::kVersion},
                               {"master_pid", server.master_pid},
                               {"listeners", setting.urls},
                               {"last_words", live_texts(snapshot.last_words)},
                               {"slow", slow.is_discarded() ? CompactJson::array() : slow},
                               {"reload_history", live_texts(snapshot.reload_history)}};
  return {compact(state), compact(details)};
}

}  // namespace prefork::observer
