// Names a connection without pointing to it: stale once another one took its place. A value.
#pragma once

#include <cstdint>

namespace prefork::net {

struct ConnectionToken {
  std::uint32_t index = 0;
  std::uint32_t serial = 0;
};

}  // namespace prefork::net
