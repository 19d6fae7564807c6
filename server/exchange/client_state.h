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

// What an answer that is being made counts as.
enum class CountedAs : std::uint8_t { nothing, request, stream };

struct ClientBox {
  std::atomic<ClientState> state{ClientState::waiting};
  CountedAs counted = CountedAs::nothing;  // for the event loop alone

  [[nodiscard]] ClientState get() const { return state.load(std::memory_order_relaxed); }
  void set(ClientState now) { state.store(now, std::memory_order_relaxed); }
};

}  // namespace prefork::exchange
