// Times as the kernel takes and gives them, timespec(3), and in nanoseconds. Pure.
#pragma once

#include <cstdint>
#include <ctime>

namespace prefork::ipc {

inline constexpr std::uint64_t kNsPerSecond = 1'000'000'000;

constexpr std::uint64_t to_ns(const timespec& time) {
  return static_cast<std::uint64_t>(time.tv_sec) * kNsPerSecond +
         static_cast<std::uint64_t>(time.tv_nsec);
}

constexpr timespec to_timespec(std::uint64_t ns) {
  return {static_cast<std::time_t>(ns / kNsPerSecond), static_cast<long>(ns % kNsPerSecond)};
}

}  // namespace prefork::ipc
