// What a connection needs only while a request is on its way: the parser and the parts of the
// request that must outlive one read. Connections borrow one from their server's pool with the
// first byte of a request and give it back with the last byte of the answer, so that an idle
// connection holds none. One thread: the event loop.
#pragma once

#include <atomic>
#include <cstdint>
#include <limits>
#include <memory>
#include <string>
#include <vector>

#include "server/exchange/application.h"
#include "server/exchange/body_channel.h"
#include "server/http/owned_request.h"
#include "server/http1/body_sender.h"
#include "server/http1/request_parser.h"

namespace prefork::engine {

// The time of a deadline that does not exist.
inline constexpr std::uint64_t kNever = std::numeric_limits<std::uint64_t>::max();

struct Exchange {
  explicit Exchange(const http1::ParserLimits& limits) : parser(limits) {}
  ~Exchange() { reset(); }
  Exchange(const Exchange&) = delete;
  Exchange& operator=(const Exchange&) = delete;

  http1::RequestParser parser;
  http::Request request;  // as given to the handler
  exchange::Routed routed;
  exchange::RouteParameters parameters;  // of `request`
  std::string head;                 // the head's bytes, where the body came later than the head
  std::vector<http::Field> fields;  // of `request`, where `head` is used
  std::string body;                 // content received so far, where it did not come in one piece
  std::uint64_t started_ns = 0;
  std::uint64_t deadline_ns = kNever;   // of the whole request
  std::uint64_t answer_by_ns = kNever;  // a deferred answer must have begun
  std::uint64_t body_paused_ns = 0;     // when the handler had no room for more of it

  // Of an answer with a long body, or one that is made elsewhere.
  http1::BodySender sender;
  std::unique_ptr<http::OwnedRequest> kept;  // the request, for the log at the answer's end
  int kept_status = 0;
  std::shared_ptr<exchange::BodyChannel> intake;  // content on its way to the handler
  std::shared_ptr<std::atomic<bool>> abandoned;   // read by the job that makes the answer

  // Whoever still works for this exchange is told that it is over.
  void reset() {
    if (abandoned) {
      abandoned->store(true, std::memory_order_relaxed);
      abandoned.reset();
    }
    if (intake) {
      intake->fail();
      intake.reset();
    }
    sender.reset();
    deadline_ns = kNever;
    answer_by_ns = kNever;
    parser.reset();
    head.clear();
    if (body.capacity() > kKeepBodyBytes) {
      std::string().swap(body);
    }
    body.clear();
  }

 private:
  static constexpr std::size_t kKeepBodyBytes = 128 * 1024;
};

}  // namespace prefork::engine
