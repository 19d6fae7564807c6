// HTTP/1.1 as a protocol of connections: lends out sessions, and keeps some that are not used now,
// with their memory. One thread: the event loop.
#pragma once

#include <cstddef>
#include <memory>
#include <vector>

#include "server/exchange/services.h"
#include "server/http/date_cache.h"
#include "server/http1/request_parser.h"
#include "server/http1/response_start.h"
#include "server/http1/session.h"
#include "server/loop/event_loop.h"
#include "server/net/session.h"

namespace prefork::http1 {

class SessionPool final : public net::Protocol {
 public:
  // All outlive the pool, and the pool the connections.
  SessionPool(loop::EventLoop& loop, exchange::Services& services, const ParserSettings& settings,
              http::DateCache& fixed_fields);

  std::unique_ptr<net::Session> borrow(net::Connection& connection,
                                       const net::ParkedMessage& parked) override;
  void drop(const net::ParkedMessage& parked) override;
  void give_back(std::unique_ptr<net::Session> session) override;
  void on_step_end() override;

 private:
  static constexpr std::size_t kMaxSpareSessions = 64;

  loop::EventLoop& loop_;
  exchange::Services& services_;
  const ParserSettings settings_;
  ResponseStart response_start_;
  std::vector<std::unique_ptr<Session>> spare_;
};

}  // namespace prefork::http1
