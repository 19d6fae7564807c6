// What a game protects, and what it remembers of it: in shared memory; any process.
#pragma once

#include <atomic>
#include <cstdint>

namespace prefork::ipc::testing_ipc {

// Two that are changed together.
class Pair {
 public:
  void change() {
    const std::uint64_t next = first_.load() + 1;
    first_.store(next);
    second_.store(next);
  }
  void repair() { first_.store(second_.load()); }
  [[nodiscard]] bool is_whole() const { return first_.load() == second_.load(); }
  [[nodiscard]] std::uint64_t value() const { return second_.load(); }

 private:
  std::atomic<std::uint64_t> first_{0};
  std::atomic<std::uint64_t> second_{0};
};

// How many changes their makers lived to speak of; those who were killed may have made one more.
class Spoken {
 public:
  void add() { number_.fetch_add(1); }
  [[nodiscard]] bool fits(std::uint64_t changes, std::uint64_t killed) const {
    return changes >= number_.load() && changes <= number_.load() + killed;
  }
  [[nodiscard]] std::uint64_t number() const { return number_.load(); }

 private:
  std::atomic<std::uint64_t> number_{0};
};

}  // namespace prefork::ipc::testing_ipc
