// Draining: how the connections of a server come to their end.
#include <algorithm>

#include "server/engine/http_server.h"

namespace prefork::engine {

void HttpServer::drain(DrainMode mode) {
  const bool empty_queue = mode == DrainMode::close;
  refresh_now();
  drain_mode_ = draining_ && drain_mode_ == DrainMode::close ? DrainMode::close : mode;
  draining_ = true;
  for (const auto& listener : listeners_) {
    // When the whole service stops, who is in the queue was promised an answer.
    listener->stop(empty_queue);
  }
  drain_idle_connections();
  report_if_drained();
}

void HttpServer::drain_idle_connections() {
  for (std::size_t i = 0; i < connections_.size(); ++i) {
    if (!connections_[i]) {
      continue;
    }
    Connection& connection = *connections_[i];
    if (connection.is_lingering()) {
      deadlines_ns_[i] = std::min(deadlines_ns_[i], now_ns_ + kDrainLingerNs);
    }
    if (!connection.is_idle()) {
      continue;
    }
    if (drain_mode_ == DrainMode::hand_on) {
      if (!hand_on_idle(connection)) {
        return;
      }
      continue;
    }
    const std::uint64_t idle_since_ns = deadlines_ns_[i] - idle_patience_ns(connection.requests());
    if (now_ns_ - idle_since_ns >= kDrainIdleNs) {
      connection.close();
      forget_if_closed(connection);
    }
  }
}

// False when the others cannot take more at present.
bool HttpServer::hand_on_idle(Connection& connection) {
  ipc::HandedConnection about;
  about.requests = connection.requests();
  about.peer = connection.peer();
  switch (hooks_.place(connection.socket(), about, false)) {
    case Place::given:
      record_.counters.add(ipc::Counter::connections_handed_on);
      connection.release();
      forget_if_closed(connection);
      return true;
    case Place::nowhere:
      // Nobody is left to take them: end like a service that stops.
      drain_mode_ = DrainMode::close;
      return false;
    case Place::here:
    case Place::full:
      break;
  }
  return false;
}

void HttpServer::report_if_drained() {
  if (draining_ && open_ == 0 && !drained_reported_) {
    drained_reported_ = true;
    hooks_.on_drained();
    drained_reported_ = open_ == 0;
  }
}

}  // namespace prefork::engine
