// What the access log is told of a request. A value of views; used at once.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "ipc/base/peer_address.h"
#include "server/http/request.h"

namespace prefork::exchange {

// Why an exchange ended before all of its answer was on its way.
enum class Cut : std::uint8_t {
  none,
  client,   // it went away
  timeout,  // of the client, which did not send or read
  failed,   // the content of the answer broke off
  stopped   // the server ends
};

// "client"; empty: it was not.
constexpr std::string_view name_of(Cut cut) {
  switch (cut) {
    case Cut::none:
      break;
    case Cut::client:
      return "client";
    case Cut::timeout:
      return "timeout";
    case Cut::failed:
      return "failed";
    case Cut::stopped:
      return "stopped";
  }
  return "";
}

struct AccessRecord {
  // Nothing was sent of an answer: the number that nginx has for it.
  static constexpr int kNoAnswer = 499;

  const http::Request* request = nullptr;    // null: it could not be understood
  const ipc::PeerAddress* client = nullptr;  // as far as trusted proxies told; else who connected
  int status = kNoAnswer;
  std::uint64_t bytes_sent = 0;      // of the answer's content, as far as it was on its way
  std::uint64_t bytes_received = 0;  // of the request's content
  std::uint64_t duration_us = 0;     // from the head's last byte on
  std::uint64_t queue_us = 0;        // of these: until a thread took it
  std::uint64_t handler_us = 0;      // of these: in the handler
  Cut cut = Cut::none;
  std::optional<std::uint32_t> receive_delay_ms{};  // in the kernel, before it was read
};

}  // namespace prefork::exchange
