#include "workers/control/top_frame.h"

#include <algorithm>
#include <array>
#include <cstdio>
#include <map>

namespace prefork::control {

namespace {

// From here on there is room for the longest request of each worker.
constexpr std::size_t kWide = 100;

std::string fixed(const char* format, double number) {
  std::array<char, 64> text{};
  std::snprintf(text.data(), text.size(), format, number);
  return text.data();
}

// A server that was started anew counts from the beginning.
double difference(const Json& before, const Json& now, const std::string& path) {
  return std::max(0.0, number_at(now, path) - number_at(before, path));
}

std::string rate(const Json& before, const Json& now, const std::string& path, double seconds) {
  return fixed("%.1f", seconds > 0 ? difference(before, now, path) / seconds : 0);
}

const Json& workers_of(const Json& report) {
  static const Json kNobody = Json::array();
  const Json* const workers = find_value(report, "/workers");
  return workers != nullptr && workers->is_array() ? *workers : kNobody;
}

// The same process; else nothing, from which everything is counted.
const Json& same_worker(const Json& before, const Json& worker) {
  static const Json kUnknown = Json::object();
  for (const Json& one : workers_of(before)) {
    if (text_at(one, "/pid") == text_at(worker, "/pid")) return one;
  }
  return kUnknown;
}

// Bytes that begin no character are not counted: a column is a character here.
std::string cut(const std::string& text, std::size_t columns) {
  std::string kept;
  std::size_t count = 0;
  for (const char byte : text) {
    const auto value = static_cast<unsigned char>(byte);
    const bool begins = (value & 0xC0U) != 0x80;
    if (begins && ++count > columns) break;
    kept += value < 0x20 || value == 0x7F ? '?' : byte;
  }
  return kept;
}

void add_cell(std::string& line, const std::string& text, std::size_t width) {
  line.append(width - std::min(width, text.size()), ' ').append(text).append(" ");
}

std::string longest_request(const Json& worker) {
  const Json* longest = nullptr;
  const Json* const list = find_value(worker, "/in_flight");
  if (list == nullptr) return "";
  for (const Json& one : *list) {
    if (longest == nullptr || number_at(one, "/age_ms") > number_at(*longest, "/age_ms")) {
      longest = &one;
    }
  }
  return longest == nullptr ? ""
                            : latency_text(number_at(*longest, "/age_ms") * 1e3) + " " +
                                  text_at(*longest, "/method") + " " + text_at(*longest, "/path");
}

std::string worker_line(const Json& before, const Json& worker, double seconds, bool is_wide) {
  const Json& earlier = same_worker(before, worker);
  const bool is_there = text_at(worker, "/pid") != "-";
  const double cpu = seconds > 0 && !earlier.empty()
                         ? difference(earlier, worker, "/cpu_seconds") / seconds * 100
                         : 0;
  std::string line;
  add_cell(line, text_at(worker, "/slot"), 4);
  add_cell(line, text_at(worker, "/pid"), 7);
  line += text_at(worker, "/state");
  line.append(9 - std::min<std::size_t>(9, text_at(worker, "/state").size()), ' ');
  add_cell(line, text_at(worker, "/generation"), 4);
  add_cell(line, earlier.empty() ? "-" : rate(earlier, worker, "/requests", seconds), 9);
  add_cell(line, is_there ? std::to_string(in_hand(worker)) : "-", 5);
  add_cell(line, text_at(worker, "/connections/active"), 6);
  add_cell(line, is_there ? fixed("%.0f", cpu) : "-", 5);
  add_cell(line, bytes_text(find_value(worker, "/resident_bytes")), 8);
  const Json* const beat = find_value(worker, "/heartbeat_age_ms");
  const bool beats = beat != nullptr && beat->is_number();
  add_cell(line, beats ? fixed("%.1fs", beat->get<double>() / 1e3) : "-", 6);
  add_cell(line, text_at(worker, "/restarts"), 4);
  return is_wide ? line + longest_request(worker) : line;
}

std::string heading(bool is_wide) {
  return std::string(
             "SLOT     PID STATE     GEN     REQ/S  HAND   CONN  CPU%      MEM   BEAT  RST ") +
         (is_wide ? "LONGEST REQUEST" : "");
}

std::vector<std::string> summary(const Json& before, const Json& now, double seconds) {
  std::uint64_t hand = 0;
  std::size_t ready = 0;
  for (const Json& worker : workers_of(now)) {
    hand += in_hand(worker);
    ready += text_at(worker, "/state") == "ready" ? 1U : 0U;
  }
  const auto percentile = [&](double share) {
    return latency_text(percentile_between(before, now, share));
  };
  return {
      "prefork-server " + text_at(now, "/server/state") + "  " + std::to_string(ready) +
          " workers ready  generation " + text_at(now, "/server/generation") + "  up " +
          span_text(number_at(now, "/server/uptime_seconds")) + "  pid " +
          text_at(now, "/server/master_pid"),
      "requests " + rate(before, now, "/totals/requests", seconds) + "/s  in hand " +
          std::to_string(hand) + "  connections " + text_at(now, "/totals/connections/active") +
          "  5xx " + rate(before, now, "/totals/responses/5xx", seconds) + "/s  queued " +
          text_at(now, "/totals/pool/queued"),
      "latency p50 " + percentile(0.50) + "  p90 " + percentile(0.90) + "  p99 " +
          percentile(0.99) + "  p99.9 " + percentile(0.999) + "  of " +
          fixed("%.0f", difference(before, now, "/totals/latency/count")) + " in " +
          span_text(seconds),
      "",
  };
}

}  // namespace

double percentile_between(const Json& before, const Json& now, double share) {
  std::map<double, double> counts;  // by the smallest value of the bucket
  const auto add = [&counts](const Json& report, double sign) {
    const Json* const buckets = find_value(report, "/totals/latency/buckets");
    for (const Json& bucket : buckets != nullptr ? *buckets : Json::array()) {
      if (bucket.is_array() && bucket.size() == 2 && bucket[0].is_number() &&
          bucket[1].is_number()) {
        counts[bucket[0].get<double>()] += sign * bucket[1].get<double>();
      }
    }
  };
  add(now, 1);
  add(before, -1);
  double all = 0;
  for (const auto& [value, count] : counts) all += std::max(0.0, count);
  double seen = 0;
  for (const auto& [value, count] : counts) {
    seen += std::max(0.0, count);
    if (seen > 0 && seen >= share * all) return value;
  }
  return 0;
}

std::vector<std::string> top_frame(const Json& before, const Json& now, FrameSize size) {
  const double seconds = difference(before, now, "/server/uptime_seconds");
  const bool is_wide = size.columns >= kWide;
  std::vector<std::string> lines = summary(before, now, seconds);
  lines.push_back(heading(is_wide));
  const Json& workers = workers_of(now);
  const std::size_t room = size.rows > lines.size() + 1 ? size.rows - lines.size() - 1 : 1;
  const bool all_fit = workers.size() <= room;
  const std::size_t shown = all_fit ? workers.size() : room - 1;
  for (std::size_t i = 0; i < shown; ++i) {
    lines.push_back(worker_line(before, workers[i], seconds, is_wide));
  }
  if (!all_fit) lines.push_back("and " + std::to_string(workers.size() - shown) + " more");
  for (std::string& line : lines) {
    line = cut(line, size.columns);
    line.erase(line.find_last_not_of(' ') + 1);
  }
  return lines;
}

}  // namespace prefork::control
