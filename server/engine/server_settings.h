// What an HttpServer is told when it is made: limits, times and what goes with every answer. Never
// changes afterwards.
#pragma once

#include <cstdint>
#include <string>

#include "config/options/options.h"
#include "server/http1/request_parser.h"

namespace prefork::engine {

struct ServerSettings {
  config::TimeoutOptions timeouts;
  config::LimitOptions limits;
  config::ProxyOptions proxies;
  // Go with every answer: "Server: prefork-server" and what the configuration adds.
  std::string fixed_fields = "Server: prefork-server\r\n";
  bool date_field = true;
  // How seldom the server ticks while nothing happens.
  std::uint64_t idle_tick_ns = 1'000'000'000;

  static ServerSettings from(const config::Options& options);

  [[nodiscard]] http1::ParserLimits parser_limits() const;
};

}  // namespace prefork::engine
