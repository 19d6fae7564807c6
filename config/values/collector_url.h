// Where spans are sent: http://ADDRESS:PORT/PATH. The address is numeric, or `localhost`, which is
// 127.0.0.1: to look a name up may take seconds, and whoever sends must not wait. A value.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "config/base/result.h"

namespace prefork::config {

struct CollectorUrl {
  std::string address = "127.0.0.1";  // IPv4 or IPv6, without brackets
  std::uint16_t port = 4318;
  std::string path = "/v1/traces";
  std::string host = "127.0.0.1:4318";  // as it stands in the URL, for Host

  [[nodiscard]] std::string text() const { return "http://" + host + path; }

  bool operator==(const CollectorUrl&) const = default;
};

Result<CollectorUrl> parse_collector_url(std::string_view text);

}  // namespace prefork::config
