// Whether more comes to a queue than is taken from it, told by how long the oldest has waited and
// not by how many there are: a burst is no congestion, a queue that stands is (CoDel, RFC 8289
// section 4). A pure value with the time handed in.
#pragma once

#include <cstdint>

namespace prefork::pool {

class Congestion {
 public:
  // A wait below this is no matter,
  static constexpr std::uint64_t kTargetNs = 5'000'000;
  // and one above it is a congestion when it has lasted for this time.
  static constexpr std::uint64_t kIntervalNs = 100'000'000;

  // `oldest_wait_ns`: 0 when nobody waits.
  void update(std::uint64_t now_ns, std::uint64_t oldest_wait_ns) {
    if (oldest_wait_ns < kTargetNs) {
      above_since_ns_ = 0;
      is_present_ = false;
    } else if (above_since_ns_ == 0) {
      above_since_ns_ = now_ns;
    } else if (now_ns - above_since_ns_ >= kIntervalNs) {
      is_present_ = true;
    }
  }

  [[nodiscard]] bool is_present() const { return is_present_; }

 private:
  std::uint64_t above_since_ns_ = 0;  // 0: it is below
  bool is_present_ = false;
};

}  // namespace prefork::pool
