// What an HttpServer is told when it is made: limits, times and what goes with every answer. Never
// changes afterwards.
#pragma once

#include <cstdint>
#include <memory>
#include <string_view>
#include <vector>

#include "config/options/options.h"
#include "ipc/route_bans.h"
#include "server/exchange/request_statistics.h"
#include "server/exchange/tracer.h"
#include "server/http/field_list.h"
#include "server/http1/head_scanner.h"
#include "server/http1/parser_limits.h"

namespace prefork::engine {

inline constexpr http::Field kServerField = {"Server", "prefork-server"};

struct ServerSettings {
  config::TimeoutOptions timeouts;
  config::LimitOptions limits;
  config::ProxyOptions proxies;
  // Go with every answer: "Server: prefork-server" and what the configuration adds.
  http::FieldList fixed_fields = {kServerField};
  bool date_field = true;
  // Over the limit of connections, the one that has been idle for longest, or without a whole first
  // head, gives way to a new one.
  bool evicts_idle = false;
  // How seldom the server ticks while nothing happens.
  std::uint64_t idle_tick_ns = 1'000'000'000;
  // Of routes of this generation. Outlives the server; null: none is ever banned.
  ipc::RouteBans* route_bans = nullptr;
  std::uint32_t generation = 0;
  exchange::RequestStatistics::Labels labels{};
  std::shared_ptr<exchange::Tracer> tracer;  // null: requests are part of no trace
  bool tells_timing = false;                 // Server-Timing
  // For heads with nothing unusual in them; null: llhttp reads every one.
  const http1::HeadScanner* head_scanner = &http1::best_head_scanner();

  static ServerSettings from(const config::Options& options);

  [[nodiscard]] http1::ParserLimits parser_limits() const;
  // "avx2", "ssse3", "scalar" or "llhttp".
  [[nodiscard]] std::string_view head_parser() const {
    return head_scanner == nullptr ? "llhttp" : head_scanner->name;
  }
};

}  // namespace prefork::engine
