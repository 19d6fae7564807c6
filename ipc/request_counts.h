// How many requests of which kind a process has answered: by route, method and status code. In
// shared memory. A kind has the same place in every process's counts: the table of kinds, which all
// of the server's processes add to, and none takes anything from. So only what there was takes
// room, and what an ended worker has counted is added up where it belongs. One writer of the
// counts.
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <optional>

#include "ipc/route_names.h"

namespace prefork::ipc {

struct RequestKind {
  // HTTP's nine methods by the number that RFC 9110 methods have in http::Method, then all others.
  static constexpr std::uint8_t kMethods = 10;

  RouteLabel route = kUnmatchedRoute;
  std::uint8_t method = kMethods - 1;
  std::uint16_t status = 0;  // 100 to 999

  // Never 0, where the status is one.
  [[nodiscard]] constexpr std::uint32_t key() const {
    return std::uint32_t{route} << 14 | std::uint32_t{method} << 10 | status;
  }
  // Nothing where no writer of ours has made it.
  static std::optional<RequestKind> of_key(std::uint32_t key);

  bool operator==(const RequestKind&) const = default;
};

class RequestKinds {
 public:
  // Further kinds are counted by the class of their status alone.
  static constexpr std::size_t kMaxKinds = 2048;
  static constexpr std::size_t kClasses = 5;
  static constexpr std::size_t kPlaces = kMaxKinds + kClasses;

  // Where a kind is counted, for good; gives it a place where it has none. Any process that may
  // write.
  std::size_t place_of(const RequestKind& kind);

  // Calls visit(RequestKind, place) for each place that is in use.
  template <typename Visit>
  void for_each(Visit visit) const {
    for (std::size_t i = 0; i < kMaxKinds; ++i) {
      const std::uint32_t key = keys_[i].load(std::memory_order_acquire);
      if (key == 0) {
        break;
      }
      if (const auto kind = RequestKind::of_key(key)) {
        visit(*kind, i);
      }
    }
    for (std::size_t i = 0; i < kClasses; ++i) {
      visit(of_class(i), kMaxKinds + i);
    }
  }

 private:
  // What has no place of its own is shown as.
  static RequestKind of_class(std::size_t index) {
    return {kOtherRoute, RequestKind::kMethods - 1, static_cast<std::uint16_t>((index + 1) * 100)};
  }

  std::array<std::atomic<std::uint32_t>, kMaxKinds> keys_{};  // 0: free, and so are the following
};

class RequestCounts {
 public:
  void add(std::size_t place, std::uint64_t amount) {
    auto& count = counts_[place];
    count.store(count.load(std::memory_order_relaxed) + amount, std::memory_order_release);
  }
  [[nodiscard]] std::uint64_t get(std::size_t place) const {
    return counts_[place].load(std::memory_order_acquire);
  }

  // For the one process that folds a dead writer's numbers.
  void merge_from(const RequestCounts& other, const RequestKinds& kinds) {
    kinds.for_each([&](const RequestKind&, std::size_t place) { add(place, other.get(place)); });
  }
  void clear(const RequestKinds& kinds) {
    kinds.for_each([this](const RequestKind&, std::size_t place) {
      counts_[place].store(0, std::memory_order_release);
    });
  }

 private:
  std::array<std::atomic<std::uint64_t>, RequestKinds::kPlaces> counts_{};
};

}  // namespace prefork::ipc
