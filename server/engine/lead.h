// By how many connections a process may be ahead of its siblings and still keep what it accepts
// until the first message is answered. Whether that will be at once or never, as with a stream of
// events, nobody can tell before; those that came before tell best. So each that was answered at
// once allows one more, and each that was not halves the number, as the window of a TCP connection
// grows and shrinks (RFC 5681): short connections never travel, and long answers are spread to
// within a few from the first one on. One thread: the event loop.
#pragma once

#include <algorithm>
#include <cstdint>

namespace prefork::engine {

class Lead {
 public:
  static constexpr std::uint32_t kLeast = 1;
  static constexpr std::uint32_t kMost = 64;

  [[nodiscard]] std::uint32_t most() const { return connections_; }

  void on_answered_at_once() { connections_ = std::min(connections_ + 1, kMost); }
  void on_lasting() { connections_ = std::max(connections_ / 2, kLeast); }

 private:
  std::uint32_t connections_ = kLeast;
};

}  // namespace prefork::engine
