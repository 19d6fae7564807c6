// Clients that ask a server for all that it has to offer until they are told to stop: most over one
// connection each that they keep as long as the server lets them, some over a new one for each
// request. Each request that got no right answer is kept, with when it was under way. Threads of
// its own; the one that made it asks.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

namespace prefork::selftest {

class ExchangeClient;

using Clock = std::chrono::steady_clock;

struct Loss {
  Clock::time_point sent;
  Clock::time_point noticed;
  std::string problem;
};

class Crowd {
 public:
  static constexpr int kKeepers = 8;    // of a connection
  static constexpr int kNewcomers = 4;  // with a new one for each request

  explicit Crowd(std::uint16_t port);
  ~Crowd();
  Crowd(const Crowd&) = delete;
  Crowd& operator=(const Crowd&) = delete;

  // Lets each finish its request.
  void stop();

  [[nodiscard]] std::uint64_t answered() const { return answered_.load(); }
  // Connections that their clients would have kept and the server closed behind an answer.
  [[nodiscard]] std::uint64_t closed() const { return closed_.load(); }
  // Those that were noticed since the last time.
  std::vector<Loss> take_losses();
  // Until so many more were answered; false: that took too long.
  [[nodiscard]] bool wait_for_answers(std::uint64_t more) const;

 private:
  void keep_asking(int index);
  void ask_anew(int index);
  // Whether the answer was right; it is counted, or the loss kept.
  bool ask(ExchangeClient& client, std::uint64_t number, Clock::time_point sent);

  const std::uint16_t port_;
  std::atomic<bool> stopping_{false};
  std::atomic<std::uint64_t> answered_{0};
  std::atomic<std::uint64_t> closed_{0};
  std::mutex mutex_;
  std::vector<Loss> losses_;  // guarded by mutex_
  std::vector<std::thread> threads_;
};

}  // namespace prefork::selftest
