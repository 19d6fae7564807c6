#include "server/engine/rebalance.h"

#include "server/engine/handed_connection.h"

namespace prefork::engine {

bool Rebalance::place(net::Connection& connection) {
  connections_.table.set_seeking(connection.token().index, false);
  return hand_off(connection);
}

bool Rebalance::relieve(net::Connection& connection) {
  if (!connection.transport().traits().is_movable) {
    return false;
  }
  if (!hand_off(connection)) {
    wanted_ = 0;
    return false;
  }
  --wanted_;
  return true;
}

bool Rebalance::hand_off(net::Connection& connection) {
  const net::Transport& transport = connection.transport();
  if (!transport.traits().is_movable ||
      hooks_.relieve(transport.fd(), describe(connection)) != Place::given) {
    return false;
  }
  connections_.counters.add(ipc::Counter::connections_handed_on);
  connection.release();
  return true;
}

}  // namespace prefork::engine
