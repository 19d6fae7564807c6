// Connections that other processes should have instead of this one. Those that were accepted here
// look for their place once, when they come to rest for the first time: what lives for one message
// never travels, and what stays is spread. Where this process has more than its share since another
// one began to serve, idle ones are handed off until the numbers are even. One thread: the event
// loop.
#pragma once

#include <cstdint>
#include <vector>

#include "server/engine/lead.h"
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
    bool has_moved = place_waiting(erase);
    wanted_ = hooks_.excess();
    const std::uint64_t now_ns = connections_.loop.now_ns();
    if (wanted_ == 0 || now_ns < rests_until_ns_) {
      return has_moved;
    }
    const std::uint32_t wanted = wanted_;
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
  // moment. One that was accepted here is then where it belongs, or is handed off. True: it was
  // handed off, and is closed here.
  bool offer(net::Connection& connection) {
    const bool is_seeking = connections_.table.is_seeking(connection.token().index);
    return (wanted_ != 0 || is_seeking) && connection.is_idle() &&
           (is_seeking ? place(connection) : relieve(connection));
  }
  // A connection was accepted here. True: it may stay until its first message is answered, and
  // counts here.
  bool keep(int socket) { return hooks_.keep(socket, lead_.most()); }
  // Whether those that were kept, and have not sent anything yet, had better be placed unread. (One
  // of them is who asks.)
  [[nodiscard]] bool is_ahead() const { return hooks_.is_ahead(lead_.most() + 1); }
  // One that was kept is open, or was read from for the first time. While its first message does
  // not come it may be one that stays for longer.
  void learn_from(const net::Connection& connection) {
    const bool is_resting = connection.is_closed() || connection.is_idle();
    if (connection.messages() == 0) {
      if (is_resting) {
        waiting_.push_back(connection.token());
      }
    } else if (is_resting) {
      lead_.on_answered_at_once();
    } else {
      lead_.on_lasting();
    }
  }

 private:
  // Where all are busy, or none can be moved, looking at each of them ten times a second finds
  // nothing.
  static constexpr std::uint64_t kRestNs = 1'000'000'000;

  // Those that have waited since the tick before the last one. True: more may follow.
  template <typename Erase>
  bool place_waiting(const Erase& erase) {
    for (const net::ConnectionToken token : waited_) {
      net::Connection* const connection = connections_.table.find(token);
      if (connection != nullptr && connections_.table.is_seeking(token.index) &&
          offer(*connection)) {
        erase(*connection);
      }
    }
    waited_.clear();
    waited_.swap(waiting_);
    return !waited_.empty();
  }
  bool place(net::Connection& connection);
  bool relieve(net::Connection& connection);
  bool hand_off(net::Connection& connection);

  const net::ConnectionServices& connections_;
  ServerHooks& hooks_;
  Lead lead_;
  std::uint32_t wanted_ = 0;  // until the next tick
  std::uint64_t rests_until_ns_ = 0;
  // Accepted here, without a message yet: since this tick, and since the one before.
  std::vector<net::ConnectionToken> waiting_;
  std::vector<net::ConnectionToken> waited_;
};

}  // namespace prefork::engine
