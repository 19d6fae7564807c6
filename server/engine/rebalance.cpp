#include "server/engine/rebalance.h"

#include "server/engine/handed_connection.h"

namespace prefork::engine {

bool Rebalance::hand_off(net::Connection& connection) {
  const net::Transport& transport = connection.transport();
  if (!transport.traits().is_movable) {
    return false;
  }
  if (hooks_.relieve(transport.fd(), describe(connection)) != Place::given) {
    wanted_ = 0;
    return false;
  }
  --wanted_;
  connections_.counters.add(ipc::Counter::connections_handed_on);
  connection.release();
  return true;
}

}  // namespace prefork::engine
