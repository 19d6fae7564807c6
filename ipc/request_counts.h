// How many requests of which kind a process has answered: by route, method and status code. In
// shared memory: cells, of which the next free one is taken by each kind that comes up first, so
// that only what there was takes room. One writer, who finds cells by an index of its own; readers
// add several writers up.
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

class RequestCounts {
 public:
  // Kinds beyond are counted by the class of their status alone.
  static constexpr std::size_t kMaxKinds = 1024;
  static constexpr std::size_t kClasses = 5;

  class Cell {
   public:
    void add(std::uint64_t amount) {
      count_.store(count_.load(std::memory_order_relaxed) + amount, std::memory_order_release);
    }

    [[nodiscard]] std::uint32_t key() const { return key_.load(std::memory_order_acquire); }
    [[nodiscard]] std::uint64_t count() const { return count_.load(std::memory_order_acquire); }
    // For who has found it free: it is of this kind from now on.
    void begin(std::uint32_t key) { key_.store(key, std::memory_order_release); }
    void clear() {
      begin(0);
      count_.store(0, std::memory_order_release);
    }

   private:
    std::atomic<std::uint32_t> key_{0};  // 0: free
    std::atomic<std::uint64_t> count_{0};
  };

  // The writer: the cell of a kind that has none yet. Never null: see kMaxKinds.
  Cell& take(const RequestKind& kind);
  // Slow: looks at every cell. For who folds a dead writer's numbers.
  void merge_from(const RequestCounts& other);
  void clear();

  // Calls visit(RequestKind, count) for each kind that there was.
  template <typename Visit>
  void for_each(Visit visit) const {
    for (const Cell& cell : cells_) {
      const std::uint32_t key = cell.key();
      if (key == 0) {
        break;
      }
      if (const auto kind = RequestKind::of_key(key)) {
        visit(*kind, cell.count());
      }
    }
    for (std::size_t i = 0; i < kClasses; ++i) {
      if (const std::uint64_t count = rest_[i].count(); count != 0) {
        visit(of_class(i), count);
      }
    }
  }

 private:
  // What has no cell of its own is shown as.
  static RequestKind of_class(std::size_t index) {
    return {kOtherRoute, RequestKind::kMethods - 1, static_cast<std::uint16_t>((index + 1) * 100)};
  }
  static std::size_t class_of(const RequestKind& kind);
  Cell& find_or_take(const RequestKind& kind);

  std::array<Cell, kMaxKinds> cells_{};
  std::array<Cell, kClasses> rest_{};
};

}  // namespace prefork::ipc
