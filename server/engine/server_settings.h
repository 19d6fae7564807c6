// What an HttpServer is told when it is made: limits, times and what goes with every answer. Never
// changes afterwards.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>

#include "config/options/options.h"
#include "config/values/ip_networks.h"
#include "server/http1/request_parser.h"

namespace prefork::engine {

struct ServerSettings {
  http1::ParserLimits parser;
  std::chrono::milliseconds timeout_keep_alive{5'000};
  std::chrono::milliseconds timeout_header{10'000};
  std::chrono::milliseconds timeout_body{60'000};
  std::chrono::milliseconds timeout_write{60'000};
  std::chrono::milliseconds timeout_request{0};  // 0: none
  // Until a deferred answer must have begun; then it is 504.
  std::chrono::milliseconds timeout_deferred{60'000};
  bool proxy_headers = false;  // whether trusted peers may say who the client is
  config::IpNetworks forwarded_allow_ips;
  config::IpNetworks proxy_allow_from;  // who may send a PROXY preamble
  std::string root_path;
  // Go with every answer: "Server: prefork-server" and what the configuration adds.
  std::string fixed_fields = "Server: prefork-server\r\n";
  bool date_field = true;
  std::uint32_t limit_connections = 16'384;
  std::uint32_t limit_concurrency = 1'024;

  static ServerSettings from(const config::Options& options);
};

}  // namespace prefork::engine
