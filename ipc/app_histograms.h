// Histograms that an application declares, by name and steps, in the record of each worker; see
// app_numbers.h, whose rules hold here too: a worker writes names and steps once, before it serves,
// and counts from any of its threads; readers match names and steps, and treat all of it as
// hostile.
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace prefork::ipc {

// Of one application; a record has room for one exchange of all of them.
inline constexpr std::size_t kMaxAppHistograms = 16;
inline constexpr std::size_t kAppHistogramRoom = 2 * kMaxAppHistograms;
inline constexpr std::size_t kMaxHistogramSteps = 20;

// What is counted: values up to each step, and above the last. Plain values.
struct HistogramShape {
  std::string name;           // see is_number_name()
  std::vector<double> steps;  // finite, each larger than the one before; at least one

  bool operator==(const HistogramShape&) const = default;
};

// Whether steps are what they have to be.
bool are_histogram_steps(std::span<const double> steps);

struct HistogramValues {
  std::vector<std::uint64_t> buckets;  // one more than there are steps
  double sum = 0;

  void add(const HistogramValues& other);
};

class AppHistogram {
 public:
  // Once, by the writing process, before others are told of the record.
  void declare(const HistogramShape& shape);
  void clear();
  // Nothing: not declared, or not readable.
  [[nodiscard]] std::optional<HistogramShape> shape() const;

  // Any thread of the writing process. Not a number: counts above the last step, and not in the
  // sum.
  void observe(double value);
  // For the one process that folds a dead writer's numbers: of the same shape.
  void add(const HistogramValues& values);
  // `steps`: of its shape.
  [[nodiscard]] HistogramValues values(std::size_t steps) const;

 private:
  static constexpr std::size_t kNameWords = 6;

  void add_to_sum(double amount);

  std::array<std::atomic<std::uint64_t>, kNameWords> name_{};
  std::array<std::atomic<double>, kMaxHistogramSteps> steps_{};
  std::atomic<std::uint32_t> step_count_{0};  // 0: not declared
  std::array<std::atomic<std::uint64_t>, kMaxHistogramSteps + 1> buckets_{};
  std::atomic<double> sum_{0};
};

static_assert(std::atomic<double>::is_always_lock_free);

class AppHistograms {
 public:
  [[nodiscard]] AppHistogram& at(std::size_t index) { return histograms_[index]; }
  // Adds another record's; those for whose shapes there is no room are lost.
  void merge_from(const AppHistograms& other);
  void clear();

  // Calls visit(HistogramShape, HistogramValues) for each.
  template <typename Visit>
  void for_each(Visit visit) const {
    for (const AppHistogram& histogram : histograms_) {
      const auto shape = histogram.shape();
      if (!shape) {
        return;
      }
      visit(*shape, histogram.values(shape->steps.size()));
    }
  }

 private:
  std::array<AppHistogram, kAppHistogramRoom> histograms_;
};

}  // namespace prefork::ipc
