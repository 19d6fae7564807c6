// Clients that send requests steadily from threads of their own until they are stopped: some over
// one connection each, some over a new connection for each request. Whatever is not a 200 with the
// expected body is a failure and is told. An answer that says "Connection: close" is no failure:
// the client opens the next connection, as every client does.
#pragma once

#include <atomic>
#include <cstdint>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "tests/support/waiting.h"

namespace prefork::test {

struct LoadShape {
  int keep_alive_clients = 8;
  int new_connection_clients = 2;
  std::string path = "/plaintext";
  std::string expected_body = "Hello, World!";
  Milliseconds pause{2};  // of each client between two requests
};

struct LoadReport {
  std::uint64_t answered = 0;     // with what was expected
  std::uint64_t connections = 0;  // opened by keep-alive clients
  std::vector<std::string> failures;
  Milliseconds slowest{0};  // from sending (or connecting) to the answer

  // The first few, for a message.
  [[nodiscard]] std::string first_failures() const;
};

class Load {
 public:
  explicit Load(std::string url, LoadShape shape = {});
  ~Load();
  Load(const Load&) = delete;
  Load& operator=(const Load&) = delete;

  [[nodiscard]] std::uint64_t answered() const { return answered_.load(); }
  [[nodiscard]] std::uint64_t failed() const { return failed_.load(); }
  // Waits until so many more were answered.
  bool wait_for_answers(std::uint64_t more, Milliseconds within = kPatience) const;

  // Lets every client finish its request.
  LoadReport stop();

 private:
  void run_keep_alive_client();
  void run_new_connection_client();
  void note(const std::string& problem, TestClock::time_point start);

  const std::string url_;
  const LoadShape shape_;
  std::atomic<bool> stopping_{false};
  std::atomic<std::uint64_t> answered_{0};
  std::atomic<std::uint64_t> failed_{0};
  std::atomic<std::uint64_t> connections_{0};
  std::mutex mutex_;
  std::vector<std::string> failures_;  // guarded by mutex_
  Milliseconds slowest_{0};            // guarded by mutex_
  std::vector<std::thread> threads_;
};

}  // namespace prefork::test
