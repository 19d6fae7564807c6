#include "ipc/request_counts.h"

#include <algorithm>

namespace prefork::ipc {

std::optional<RequestKind> RequestKind::of_key(std::uint32_t key) {
  const RequestKind kind{static_cast<RouteLabel>(key >> 14),
                         static_cast<std::uint8_t>(key >> 10 & 0xF),
                         static_cast<std::uint16_t>(key & 0x3FF)};
  const bool is_ours = key >> 14 < kMaxRouteLabels && kind.method < kMethods &&
                       kind.status >= 100 && kind.status <= 999;
  return is_ours ? std::optional(kind) : std::nullopt;
}

std::size_t RequestKinds::place_of(const RequestKind& kind) {
  const std::uint32_t key = kind.key();
  for (std::size_t i = 0; i < kMaxKinds; ++i) {
    std::uint32_t known = keys_[i].load(std::memory_order_acquire);
    if (known == 0 && keys_[i].compare_exchange_strong(known, key, std::memory_order_acq_rel)) {
      return i;
    }
    if (known == key) {
      return i;
    }
  }
  return kMaxKinds + std::clamp<std::size_t>(kind.status / 100, 1, kClasses) - 1;
}

}  // namespace prefork::ipc
