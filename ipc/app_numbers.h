// Counters, gauges and histograms that an application declares, by name, in the record of each
// worker. A worker writes the names once, before it serves, and the values from any of its threads;
// readers match names, since an older or newer application may have others in another order. The
// reader treats both as hostile: names have a fixed size and are checked, values are only added up.
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "ipc/app_histograms.h"

namespace prefork::ipc {

inline constexpr std::size_t kMaxNumberNameBytes = 47;
// Of one application. Those of ended workers are kept for as many names as a record has room for:
// enough for one exchange of all names.
inline constexpr std::size_t kMaxAppNumbers = 32;
inline constexpr std::size_t kAppNumberRoom = 2 * kMaxAppNumbers;

enum class NumberKind : std::uint8_t {
  counter = 1,  // only grows; what ended workers counted stays in the totals
  gauge = 2,    // a present state, ends with its worker
};

struct NumberName {
  NumberKind kind = NumberKind::counter;
  std::string text;
};

// [a-zA-Z_][a-zA-Z0-9_]*, not too long: what Prometheus takes without a colon.
bool is_number_name(std::string_view text);

class AppNumber {
 public:
  // Once, by the writing process, before others are told of the record.
  void declare(NumberKind kind, std::string_view name);
  void clear();
  // Nothing: not declared, or not readable.
  [[nodiscard]] std::optional<NumberName> name() const;

  void add(std::int64_t amount) { value_.fetch_add(amount, std::memory_order_release); }
  void set(std::int64_t value) { value_.store(value, std::memory_order_release); }
  [[nodiscard]] std::int64_t get() const { return value_.load(std::memory_order_acquire); }

 private:
  static constexpr std::size_t kNameWords = 6;  // the kind in one byte, then the name

  std::array<std::atomic<std::uint64_t>, kNameWords> name_{};
  std::atomic<std::int64_t> value_{0};
};

class AppNumbers {
 public:
  [[nodiscard]] AppNumber& at(std::size_t index) { return numbers_[index]; }
  [[nodiscard]] AppHistograms& histograms() { return histograms_; }
  [[nodiscard]] const AppHistograms& histograms() const { return histograms_; }
  // The one of this name, or null. Stops at the first that is not declared.
  [[nodiscard]] const AppNumber* find(NumberKind kind, std::string_view name) const;
  // Adds the counters and histograms of another record; those for whose names there is no room are
  // lost.
  void merge_counters_from(const AppNumbers& other);
  void clear();

  // Calls visit(NumberName, value) for each.
  template <typename Visit>
  void for_each(Visit visit) const {
    for (const AppNumber& number : numbers_) {
      const auto name = number.name();
      if (!name) {
        return;
      }
      visit(*name, number.get());
    }
  }

 private:
  AppNumber* find_or_declare(NumberKind kind, std::string_view name);

  std::array<AppNumber, kAppNumberRoom> numbers_;
  AppHistograms histograms_;
};

}  // namespace prefork::ipc
