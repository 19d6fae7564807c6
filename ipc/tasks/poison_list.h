// Which tasks take their processes with them. Each death is counted for the task's name; after
// kMaxDeaths within kWindowNs the task is not begun any more by workers of that generation, for
// each of its jobs would cost another process. In shared memory; all zero: none. A line is claimed
// and counted in one step each. Any process, any thread.
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace prefork::ipc {

class PoisonList {
 public:
  static constexpr std::uint32_t kMaxDeaths = 3;
  static constexpr std::uint64_t kWindowNs = 60'000'000'000;
  static constexpr std::size_t kLines = 128;

  // How many there were, this one included.
  std::uint32_t count_death(std::string_view task, std::uint32_t generation, std::uint64_t now_ns);
  [[nodiscard]] bool has(std::string_view task, std::uint32_t generation) const;

 private:
  struct Line {
    std::atomic<std::uint64_t> task{0};    // a hash of its name; 0: the line is free
    std::atomic<std::uint64_t> deaths{0};  // with generation and time; see the source
  };

  std::array<Line, kLines> lines_;
};

}  // namespace prefork::ipc
