#include "server/engine/drain.h"

#include <algorithm>

#include "server/engine/handed_connection.h"

namespace prefork::engine {

void Drain::begin(DrainMode mode) {
  mode_ = is_stopping() ? DrainMode::close : mode;
  active_ = true;
}

// False when the others cannot take more at present.
bool Drain::advance_one(net::Connection& connection) {
  net::ConnectionTable& table = connections_.table;
  const std::uint64_t now_ns = connections_.loop.now_ns();
  const std::uint64_t deadline_ns = connection.deadline_ns();
  if (connection.state() == net::Connection::State::lingering) {
    table.set_deadline(connection.token().index, std::min(deadline_ns, now_ns + kLingerNs));
  }
  if (!connection.is_idle()) {
    return true;
  }
  if (mode_ == DrainMode::hand_off && connection.transport().traits().is_movable) {
    return hand_off(connection);
  }
  const std::uint64_t idle_since_ns = deadline_ns - connections_.patience_ns(connection.messages());
  if (now_ns - idle_since_ns >= kIdleNs) {
    connection.close();
  }
  return true;
}

bool Drain::hand_off(net::Connection& connection) {
  switch (hooks_.place(connection.transport().fd(), describe(connection), false)) {
    case Place::given:
      connections_.counters.add(ipc::Counter::connections_handed_on);
      connection.release();
      return true;
    case Place::nowhere:
      // Nobody is left to take them: end like a service that stops.
      mode_ = DrainMode::close;
      return false;
    case Place::here:
    case Place::full:
      break;
  }
  return false;
}

void Drain::report_if_done() {
  if (active_ && connections_.table.size() == 0 && !reported_) {
    reported_ = true;
    hooks_.on_drained();
    reported_ = connections_.table.size() == 0;
  }
}

}  // namespace prefork::engine
