// Whether somebody still waits for an answer that is made elsewhere: told by the exchange, on the
// event loop, to whoever makes the answer, on any thread.
#pragma once

#include <atomic>
#include <cstdint>
#include <vector>

namespace prefork::exchange {

enum class ClientState : std::uint8_t {
  waiting,
  finished,  // has closed its side: it may have left, or wait for the answer all the same
  gone,      // nobody will get the answer
};

// What an answer that is being made counts as.
enum class CountedAs : std::uint8_t { nothing, request, stream };

// Who is to be told, once, that nobody waits for an answer any more. It must not begin anything
// itself: the exchange is in the middle of something.
class ClientListener {
 public:
  ClientListener() = default;
  virtual ~ClientListener() = default;
  ClientListener(const ClientListener&) = delete;
  ClientListener& operator=(const ClientListener&) = delete;

  // `is_answered`: since the answer has been sent.
  virtual void on_client_gone(bool is_answered) = 0;
};

struct ClientBox {
  std::atomic<ClientState> state{ClientState::waiting};
  // Early hints are on their way to the loop: they go before the answer.
  std::atomic<bool> has_hints{false};
  // The rest is for the event loop alone.
  CountedAs counted = CountedAs::nothing;
  std::vector<ClientListener*> listeners;

  [[nodiscard]] ClientState get() const { return state.load(std::memory_order_relaxed); }
  void set(ClientState now, bool is_answered = false) {
    state.store(now, std::memory_order_relaxed);
    if (!listeners.empty()) {
      tell(is_answered);
    }
  }
  void forget(const ClientListener* listener) { std::erase(listeners, listener); }

 private:
  void tell(bool is_answered) {
    std::vector<ClientListener*> told;
    told.swap(listeners);
    for (ClientListener* const listener : told) {
      listener->on_client_gone(is_answered);
    }
  }
};

}  // namespace prefork::exchange
