// Whether somebody still waits for an answer that is made elsewhere: told by the exchange, on the
// event loop, to whoever makes the answer, on any thread.
#pragma once

#include <atomic>
#include <cstdint>

namespace prefork::exchange {

enum class ClientState : std::uint8_t {
  waiting,
  finished,  // has closed its side: it may have left, or wait for the answer all the same
  gone,      // nobody will get the answer
};

using ClientBox = std::atomic<ClientState>;

}  // namespace prefork::exchange
