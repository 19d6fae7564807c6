#include "server/http1/session_pool.h"

#include <utility>

namespace prefork::http1 {

SessionPool::SessionPool(loop::EventLoop& loop, exchange::Services& services,
                         const ParserSettings& settings, http::DateCache& fixed_fields)
    : loop_(loop), services_(services), settings_(settings), response_start_(fixed_fields) {
  spare_.reserve(kMaxSpareSessions);
}

std::unique_ptr<net::Session> SessionPool::borrow(net::Connection& connection,
                                                  const net::ParkedMessage& parked) {
  std::unique_ptr<Session> session;
  if (spare_.empty()) {
    session = std::make_unique<Session>(services_, settings_, response_start_);
  } else {
    session = std::move(spare_.back());
    spare_.pop_back();
  }
  session->begin(connection, parked);
  return session;
}

void SessionPool::give_back(std::unique_ptr<net::Session> session) {
  // Every session of these connections came from here.
  std::unique_ptr<Session> own(static_cast<Session*>(session.release()));
  own->reset();
  if (spare_.size() < kMaxSpareSessions) {
    spare_.push_back(std::move(own));
  }
}

void SessionPool::drop(const net::ParkedMessage& parked) {
  services_.accounting.in_flight().hide(parked.in_flight);
}

// The end of this step is the start of the next one of the turn.
void SessionPool::on_step_end() {
  if (services_.accounting.has_loop_answers()) {
    const std::uint64_t started_ns = loop_.now_ns();
    services_.accounting.record_loop_answers(started_ns, loop_.refresh_now());
  }
}

}  // namespace prefork::http1
