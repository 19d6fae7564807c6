#include "workers/control/views.h"

#include <array>
#include <cstdio>
#include <vector>

namespace prefork::control {

namespace {

using Row = std::vector<std::string>;

template <typename... Values>
std::string formatted(const char* format, Values... values) {
  std::array<char, 64> text{};
  std::snprintf(text.data(), text.size(), format, values...);
  return text.data();
}

// As wide as they have to be, two spaces between; the last column is not filled up.
std::string table(const std::vector<Row>& rows) {
  std::vector<std::size_t> widths;
  for (const Row& row : rows) {
    widths.resize(std::max(widths.size(), row.size()));
    for (std::size_t i = 0; i < row.size(); ++i) {
      widths[i] = std::max(widths[i], row[i].size());
    }
  }
  std::string text;
  for (const Row& row : rows) {
    for (std::size_t i = 0; i < row.size(); ++i) {
      text += row[i];
      if (i + 1 < row.size()) text.append(widths[i] - row[i].size() + 2, ' ');
    }
    text += '\n';
  }
  return text;
}

const Json& list_at(const Json& report, const std::string& name) {
  static const Json kNothing = Json::array();
  const Json* const list = find_value(report, "/" + name);
  return list != nullptr && list->is_array() ? *list : kNothing;
}

std::size_t ready_workers(const Json& report) {
  std::size_t ready = 0;
  for (const Json& worker : list_at(report, "workers")) {
    ready += text_at(worker, "/state") == "ready" ? 1U : 0U;
  }
  return ready;
}

std::size_t slots(const Json& report) {
  std::vector<std::string> seen;
  for (const Json& worker : list_at(report, "workers")) {
    std::string slot = text_at(worker, "/slot");
    if (seen.empty() || seen.back() != slot) seen.push_back(std::move(slot));
  }
  return seen.size();
}

std::string plain(const Json& value) {
  return value.is_string() ? value.get<std::string>() : value.dump();
}

}  // namespace

const Json* find_value(const Json& report, const std::string& path) {
  const Json::json_pointer pointer(path);
  return report.contains(pointer) ? &report.at(pointer) : nullptr;
}

double number_at(const Json& report, const std::string& path) {
  const Json* const value = find_value(report, path);
  return value != nullptr && value->is_number() ? value->get<double>() : 0;
}

std::string text_at(const Json& report, const std::string& path) {
  const Json* const value = find_value(report, path);
  return value == nullptr || value->is_null() ? "-" : plain(*value);
}

std::uint64_t in_hand(const Json& worker) {
  return list_at(worker, "in_flight").size() +
         static_cast<std::uint64_t>(number_at(worker, "/in_flight_more"));
}

std::string span_text(double seconds) {
  constexpr double kMinute = 60;
  constexpr double kHour = 60 * kMinute;
  constexpr double kDay = 24 * kHour;
  const auto whole = static_cast<std::uint64_t>(seconds);
  if (seconds < kMinute) return formatted("%.1fs", seconds);
  if (seconds < kHour) return formatted("%um %us", unsigned(whole / 60), unsigned(whole % 60));
  if (seconds < kDay) {
    return formatted("%uh %um", unsigned(whole / 3600), unsigned(whole / 60 % 60));
  }
  return formatted("%ud %uh", unsigned(whole / 86400), unsigned(whole / 3600 % 24));
}

std::string latency_text(double microseconds) {
  if (microseconds < 1'000) return formatted("%.0f us", microseconds);
  if (microseconds < 1'000'000) return formatted("%.1f ms", microseconds / 1e3);
  return formatted("%.2f s", microseconds / 1e6);
}

std::string bytes_text(const Json* bytes) {
  if (bytes == nullptr || !bytes->is_number()) return "-";
  return formatted("%.1fM", bytes->get<double>() / (1 << 20));
}

std::string why_not_serving(const Json& report) {
  if (text_at(report, "/server/state") == "stopping") return "the server is stopping";
  return ready_workers(report) == 0 ? "no worker is ready" : "";
}

std::string status_text(const Json& report) {
  std::uint64_t hand = 0;
  for (const Json& worker : list_at(report, "workers")) hand += in_hand(worker);
  std::string text = text_at(report, "/server/state") + ": " +
                     std::to_string(ready_workers(report)) + " of " +
                     std::to_string(slots(report)) + " workers ready, generation " +
                     text_at(report, "/server/generation") + ", up " +
                     span_text(number_at(report, "/server/uptime_seconds")) + ", pid " +
                     text_at(report, "/server/master_pid") + "\n";
  const Json* const listeners = find_value(report, "/server/listeners");
  for (const Json& url : listeners != nullptr ? *listeners : Json::array()) {
    text += "listening on " + plain(url) + "\n";
  }
  if (const std::string admin = text_at(report, "/server/admin"); admin.size() > 1) {
    text += "statistics at " + admin + "\n";
  }
  return text + "requests: " + text_at(report, "/totals/requests") + ", " + std::to_string(hand) +
         " in hand; connections: " + text_at(report, "/totals/connections/active") + "; p50 " +
         latency_text(number_at(report, "/totals/latency/p50_us")) + ", p99 " +
         latency_text(number_at(report, "/totals/latency/p99_us")) + "\n";
}

std::string workers_text(const Json& report) {
  std::vector<Row> rows = {{"SLOT", "PID", "STATE", "GENERATION", "REQUESTS", "IN HAND",
                            "CONNECTIONS", "CPU", "MEMORY", "RESTARTS"}};
  for (const Json& worker : list_at(report, "workers")) {
    const Json* const cpu = find_value(worker, "/cpu_seconds");
    const bool has_cpu = cpu != nullptr && cpu->is_number();
    rows.push_back({text_at(worker, "/slot"), text_at(worker, "/pid"), text_at(worker, "/state"),
                    text_at(worker, "/generation"), text_at(worker, "/requests"),
                    std::to_string(in_hand(worker)), text_at(worker, "/connections/active"),
                    has_cpu ? formatted("%.2fs", cpu->get<double>()) : "-",
                    bytes_text(find_value(worker, "/resident_bytes")),
                    text_at(worker, "/restarts")});
  }
  return table(rows);
}

std::string config_text(const Json& options) {
  std::vector<Row> rows;
  for (const auto& [name, value] : options.items()) {
    rows.push_back({name, value.is_null() ? "(none)" : plain(value)});
  }
  return table(rows);
}

std::string last_words_text(const Json& report) {
  std::string text;
  for (const Json& one : list_at(report, "last_words")) {
    text += one.dump() + "\n";
  }
  return text.empty() ? "no worker has died\n" : text;
}

Json status_json(const Json& report) {
  Json json = Json::object();
  const std::string why_not = why_not_serving(report);
  json["serving"] = why_not.empty();
  json["reason"] = why_not;
  for (const char* part : {"server", "totals"}) {
    if (report.contains(part)) json[part] = report[part];
  }
  return json;
}

}  // namespace prefork::control
