#include "ipc/app_histograms.h"

#include <algorithm>
#include <cmath>
#include <cstring>

#include "ipc/app_numbers.h"
#include "ipc/base/check.h"

namespace prefork::ipc {

bool are_histogram_steps(std::span<const double> steps) {
  if (steps.empty() || steps.size() > kMaxHistogramSteps) {
    return false;
  }
  for (std::size_t i = 0; i < steps.size(); ++i) {
    if (!std::isfinite(steps[i]) || (i != 0 && steps[i] <= steps[i - 1])) {
      return false;
    }
  }
  return true;
}

void HistogramValues::add(const HistogramValues& other) {
  buckets.resize(std::max(buckets.size(), other.buckets.size()));
  for (std::size_t i = 0; i < other.buckets.size(); ++i) {
    buckets[i] += other.buckets[i];
  }
  sum += other.sum;
}

void AppHistogram::declare(const HistogramShape& shape) {
  PREFORK_CHECK(is_number_name(shape.name) && are_histogram_steps(shape.steps));
  std::array<std::uint64_t, kNameWords> words{};
  std::memcpy(words.data(), shape.name.data(), shape.name.size());
  for (std::size_t i = 0; i < kNameWords; ++i) {
    name_[i].store(words[i], std::memory_order_relaxed);
  }
  for (std::size_t i = 0; i < shape.steps.size(); ++i) {
    steps_[i].store(shape.steps[i], std::memory_order_relaxed);
  }
  step_count_.store(static_cast<std::uint32_t>(shape.steps.size()), std::memory_order_release);
}

void AppHistogram::clear() {
  step_count_.store(0, std::memory_order_release);
  for (auto& bucket : buckets_) {
    bucket.store(0, std::memory_order_release);
  }
  sum_.store(0, std::memory_order_release);
}

std::optional<HistogramShape> AppHistogram::shape() const {
  const std::size_t count = step_count_.load(std::memory_order_acquire);
  if (count == 0 || count > kMaxHistogramSteps) {
    return std::nullopt;
  }
  std::array<std::uint64_t, kNameWords> words{};
  for (std::size_t i = 0; i < kNameWords; ++i) {
    words[i] = name_[i].load(std::memory_order_relaxed);
  }
  const auto* const bytes = reinterpret_cast<const char*>(words.data());
  HistogramShape shape{std::string(bytes, ::strnlen(bytes, kMaxNumberNameBytes)), {}};
  for (std::size_t i = 0; i < count; ++i) {
    shape.steps.push_back(steps_[i].load(std::memory_order_relaxed));
  }
  const bool is_ours = is_number_name(shape.name) && are_histogram_steps(shape.steps);
  return is_ours ? std::optional(std::move(shape)) : std::nullopt;
}

void AppHistogram::observe(double value) {
  const std::size_t count =
      std::min<std::size_t>(step_count_.load(std::memory_order_relaxed), kMaxHistogramSteps);
  std::size_t bucket = 0;
  while (bucket < count && !(value <= steps_[bucket].load(std::memory_order_relaxed))) {
    ++bucket;
  }
  buckets_[bucket].fetch_add(1, std::memory_order_release);
  if (!std::isnan(value)) {
    add_to_sum(value);
  }
}

void AppHistogram::add_to_sum(double amount) {
  double sum = sum_.load(std::memory_order_relaxed);
  while (!sum_.compare_exchange_weak(sum, sum + amount, std::memory_order_release,
                                     std::memory_order_relaxed)) {
  }
}

void AppHistogram::add(const HistogramValues& values) {
  for (std::size_t i = 0; i < std::min(values.buckets.size(), buckets_.size()); ++i) {
    buckets_[i].fetch_add(values.buckets[i], std::memory_order_release);
  }
  add_to_sum(values.sum);
}

HistogramValues AppHistogram::values(std::size_t steps) const {
  HistogramValues values;
  for (std::size_t i = 0; i <= std::min(steps, kMaxHistogramSteps); ++i) {
    values.buckets.push_back(buckets_[i].load(std::memory_order_acquire));
  }
  values.sum = sum_.load(std::memory_order_acquire);
  return values;
}

void AppHistograms::merge_from(const AppHistograms& other) {
  other.for_each([this](const HistogramShape& shape, const HistogramValues& values) {
    for (AppHistogram& histogram : histograms_) {
      const auto known = histogram.shape();
      if (!known) {
        histogram.declare(shape);
      }
      if (!known || *known == shape) {
        return histogram.add(values);
      }
    }
  });
}

void AppHistograms::clear() {
  for (AppHistogram& histogram : histograms_) {
    if (!histogram.shape()) {
      return;
    }
    histogram.clear();
  }
}

}  // namespace prefork::ipc
