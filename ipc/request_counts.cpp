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

std::size_t RequestCounts::class_of(const RequestKind& kind) {
  return std::clamp<std::size_t>(kind.status / 100, 1, kClasses) - 1;
}

RequestCounts::Cell& RequestCounts::take(const RequestKind& kind) {
  for (Cell& cell : cells_) {
    if (cell.key() == 0) {
      cell.begin(kind.key());
      return cell;
    }
  }
  return rest_[class_of(kind)];
}

RequestCounts::Cell& RequestCounts::find_or_take(const RequestKind& kind) {
  for (Cell& cell : cells_) {
    const std::uint32_t key = cell.key();
    if (key == kind.key()) {
      return cell;
    }
    if (key == 0) {
      break;
    }
  }
  return take(kind);
}

void RequestCounts::merge_from(const RequestCounts& other) {
  other.for_each(
      [this](const RequestKind& kind, std::uint64_t count) { find_or_take(kind).add(count); });
}

void RequestCounts::clear() {
  for (Cell& cell : cells_) {
    if (cell.key() == 0) {
      break;
    }
    cell.clear();
  }
  for (Cell& cell : rest_) {
    cell.clear();
  }
}

}  // namespace prefork::ipc
