// The time in the lines of logs: UTC, whatever time zone or locale an application has set, and
// written anew only when its second has changed. One thread at a time.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

namespace prefork::ipc {

class TimeText {
 public:
  // `realtime_ns`: since 1970. What they return is valid until the next call.
  // "2026-11-21T06:08:00.123+00:00"
  std::string_view rfc3339(std::uint64_t realtime_ns);
  // "21/Nov/2026:06:08:00 +0000"
  std::string_view common_log(std::uint64_t realtime_ns);

 private:
  void follow(std::uint64_t second);

  std::uint64_t second_ = ~std::uint64_t{0};
  std::array<char, 29> rfc3339_{};
  std::array<char, 26> common_log_{};
};

}  // namespace prefork::ipc
