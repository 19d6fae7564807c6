// What carries the answer of one exchange to the client: an HTTP/1 connection, a stream of HTTP/2.
// The exchange calls it, on the event loop.
#pragma once

#include <cstdint>

#include "server/http/field_list.h"
#include "server/http/request.h"
#include "server/http/response.h"

namespace prefork::exchange {

inline constexpr int kContinue = 100;
inline constexpr int kEarlyHints = 103;

class ResponseStream {
 public:
  ResponseStream() = default;
  virtual ~ResponseStream() = default;
  ResponseStream(const ResponseStream&) = delete;
  ResponseStream& operator=(const ResponseStream&) = delete;

  // Sends the head of a valid response, and its content if that is at hand. True when nothing is
  // left to send; else the stream has taken the content out of `response`, sends it as far as the
  // client takes it, and tells the exchange when it is done (Exchange::complete).
  virtual bool start(const http::Request& request, http::Response& response) = 0;
  // The source of the content has more, or has come to its end.
  virtual void on_content_ready() = 0;
  // Before the head (RFC 9110 section 15.2): 100, the handler wants the content of the request,
  // which the client holds back (Expect); or 103 (RFC 8297), which does not wait for what follows.
  virtual void send_interim(int status, const http::FieldList& fields) = 0;
  // How much content of the present answer is on its way to the client.
  [[nodiscard]] virtual std::uint64_t content_sent() const = 0;
  // The client has left: ends without an answer.
  virtual void abandon() = 0;
  // There is room again for content of the request, after so long without.
  virtual void on_request_room(std::uint64_t paused_ns) = 0;
};

}  // namespace prefork::exchange
