// What the pool knows of the jobs of one route: the class and priority it was given, and how long
// its handler takes. Belongs to the route, so it lives as long as the application. The first part
// is fixed before requests come; times are noted and read by any thread.
#pragma once

#include <atomic>
#include <cstdint>
#include <string>
#include <utility>

namespace prefork::exchange {

enum class Priority : std::uint8_t { high, normal, low };

class JobProfile {
 public:
  // `pool`: the name of a class; empty: the default one. `pattern`: the route's.
  JobProfile(std::string pool, Priority priority, std::string pattern = {})
      : pool_(std::move(pool)), priority_(priority), pattern_(std::move(pattern)) {}

  // "/items/{id}"
  [[nodiscard]] const std::string& pattern() const { return pattern_; }

  [[nodiscard]] const std::string& pool() const { return pool_; }
  [[nodiscard]] Priority priority() const { return priority_; }

  // Which of a worker's classes that is; 0, the default one, until it was looked up.
  [[nodiscard]] std::uint32_t class_index() const { return class_index_; }
  void set_class_index(std::uint32_t index) { class_index_ = index; }

  // How long the next job may take, in nanoseconds: a mean in which each new time counts for an
  // eighth, so that what was long ago is forgotten. 0: none has run yet.
  [[nodiscard]] std::uint64_t expected_ns() const {
    return mean_ns_.load(std::memory_order_relaxed);
  }
  // Of two threads that note at once one may be lost: it is an estimate.
  void note(std::uint64_t ran_ns) {
    const std::uint64_t mean = expected_ns();
    const std::uint64_t next = mean == 0 ? ran_ns : mean - mean / kShare + ran_ns / kShare;
    mean_ns_.store(next, std::memory_order_relaxed);
  }

 private:
  static constexpr std::uint64_t kShare = 8;

  const std::string pool_;
  const Priority priority_;
  const std::string pattern_;
  std::uint32_t class_index_ = 0;
  std::atomic<std::uint64_t> mean_ns_{0};
};

}  // namespace prefork::exchange
