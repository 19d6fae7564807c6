// Names an exchange without pointing to it: stale once its connection has another place, or another
// exchange. A value; any thread.
#pragma once

#include <cstdint>

namespace prefork::exchange {

struct ExchangeToken {
  std::uint32_t connection = 0;  // its place in the server's table
  std::uint32_t serial = 0;      // of the connection in that place
  std::uint32_t stream = 0;      // of the exchange in the connection; HTTP/1 has one: 0
};

}  // namespace prefork::exchange
