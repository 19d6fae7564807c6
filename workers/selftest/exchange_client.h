// A blocking client on one connection: it sends a request whose answer is known and says whether it
// has come, whole. One thread.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "ipc/base/owned_fd.h"

namespace prefork::selftest {

// What the demo application is asked, and what it has to answer.
struct KnownExchange {
  std::string request;
  std::string body;
};

// One that holds the event loop, the pool, the request's content and a stream, in turn.
const KnownExchange& known_exchange(std::uint64_t number);

class ExchangeClient {
 public:
  // Of the machine itself. Not connected where that fails; the next exchange says so.
  explicit ExchangeClient(std::uint16_t port);

  // Empty: the answer was right. Else what was wrong; the connection is of no use then.
  std::string exchange(const KnownExchange& known);
  // The server does not want another request on this connection.
  [[nodiscard]] bool is_closed_by_server() const { return is_closed_by_server_; }

 private:
  std::string send(std::string_view bytes);
  // Until there are so many bytes, or the mark.
  std::string read_until(std::string_view mark);
  std::string read_bytes(std::size_t count);
  std::string read_more();
  std::string read_chunks(std::string& body);

  ipc::OwnedFd socket_;
  std::string unread_;
  std::string problem_;
  bool is_closed_by_server_ = false;
};

}  // namespace prefork::selftest
