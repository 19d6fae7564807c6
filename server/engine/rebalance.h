// Connections that other processes should have instead of this one, which has more than its share
// since one of them began to serve: idle ones are handed off until the numbers are even. One
// thread: the event loop.
#pragma once

#include <cstdint>

#include "server/engine/server_hooks.h"
#include "server/net/connection.h"
#include "server/net/connection_table.h"

namespace prefork::engine {

class Rebalance {
 public:
  // All outlive it.
  Rebalance(const net::ConnectionServices& connections, ServerHooks& hooks)
      : connections_(connections), hooks_(hooks) {}

  // With each tick: hands off idle connections until the numbers are even. Those that are gone are
  // to be erased by who calls (`erase`, for each of them). True: some were, and more may follow.
  template <typename Erase>
  bool sweep(const Erase& erase) {
    wanted_ = hooks_.excess();
    const std::uint64_t now_ns = connections_.loop.now_ns();
    if (wanted_ == 0 || now_ns < rests_until_ns_) {
      return false;
    }
    const std::uint32_t wanted = wanted_;
    bool has_moved = false;
    for (std::size_t i = 0; i < connections_.table.capacity() && wanted_ != 0; ++i) {
      net::Connection* const connection = connections_.table.at(i);
      if (connection != nullptr && offer(*connection)) {
        has_moved = true;
        erase(*connection);
      }
    }
    const bool found_none = wanted_ == wanted;
    if (found_none) {
      rests_until_ns_ = now_ns + kRestNs;
    }
    return has_moved;
  }

  // A connection may have come to rest between two ticks: under load there is hardly another
  // moment. True: it was handed off, and is closed here.
  bool offer(net::Connection& connection) {
    return wanted_ != 0 && connection.is_idle() && hand_off(connection);
  }

 private:
  // Where all are busy, or none can be moved, looking at each of them ten times a second finds
  // nothing.
  static constexpr std::uint64_t kRestNs = 1'000'000'000;

  bool hand_off(net::Connection& connection);

  const net::ConnectionServices& connections_;
  ServerHooks& hooks_;
  std::uint32_t wanted_ = 0;  // until the next tick
  std::uint64_t rests_until_ns_ = 0;
};

}  // namespace prefork::engine
