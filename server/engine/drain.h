// How the connections of a server come to their end: idle ones are handed off to other processes or
// closed, the others end with their next answer. One thread: the event loop.
#pragma once

#include <cstdint>

#include "ipc/counters.h"
#include "server/engine/server_hooks.h"
#include "server/net/connection.h"
#include "server/net/connection_table.h"

namespace prefork::engine {

enum class DrainMode : std::uint8_t {
  hand_off,  // others go on serving: idle connections are given to them
  close,     // the service stops: idle connections are closed
};

class Drain {
 public:
  // All outlive it.
  Drain(const net::ConnectionServices& connections, ServerHooks& hooks)
      : connections_(connections), hooks_(hooks) {}

  // Idempotent; a later `close` overrides an earlier `hand_off`.
  void begin(DrainMode mode);
  [[nodiscard]] bool is_active() const { return active_; }
  // The service stops: answers end their connections.
  [[nodiscard]] bool is_stopping() const { return active_ && mode_ == DrainMode::close; }

  // Hands off and closes what has come to rest. Those it has closed are to be erased by who calls
  // (`erase`, for each of them).
  template <typename Erase>
  void advance(const Erase& erase) {
    net::ConnectionTable& table = connections_.table;
    for (std::size_t i = 0; i < table.capacity(); ++i) {
      net::Connection* const connection = table.at(i);
      if (connection == nullptr) {
        continue;
      }
      const bool goes_on = advance_one(*connection);
      if (connection->is_closed()) {
        erase(*connection);
      }
      if (!goes_on) {
        return;
      }
    }
  }

  // A connection may have come to rest between two ticks: one whose requests run on the pool, and
  // whose client never pauses, hardly ever rests at one. False: nothing is drained.
  bool offer(net::Connection& connection) {
    if (active_ && mode_ == DrainMode::hand_off && connection.is_idle()) {
      advance_one(connection);
    }
    return active_;
  }

  // Tells the hooks once that no connection is left.
  void report_if_done();
  // Nobody is told any more.
  void silence() { reported_ = true; }

 private:
  // While the service stops, a connection that was used a moment ago may have a request on its way.
  static constexpr std::uint64_t kIdleNs = 1'000'000'000;
  // And one that was answered for the last time does not hold it up for longer than this.
  static constexpr std::uint64_t kLingerNs = 200'000'000;

  bool advance_one(net::Connection& connection);
  bool hand_off(net::Connection& connection);

  const net::ConnectionServices& connections_;
  ServerHooks& hooks_;
  bool active_ = false;
  bool reported_ = false;
  DrainMode mode_ = DrainMode::close;
};

}  // namespace prefork::engine
