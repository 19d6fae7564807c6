// Values counted between fixed steps, as Prometheus and OpenTelemetry have histograms: a value
// counts for the first step that is not below it. Lives in shared memory; one writer, load and
// store (no locked instruction); readers add several writers up.
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>

namespace prefork::ipc {

// Microseconds. From 5 ms on, those that OpenTelemetry advises for http.server.request.duration;
// what is answered from memory is faster than its first.
struct DurationSteps {
  static constexpr std::array<std::uint64_t, 19> kSteps = {
      100,       250,       500,       1'000,     2'500,     5'000,   10'000,
      25'000,    50'000,    75'000,    100'000,   250'000,   500'000, 750'000,
      1'000'000, 2'500'000, 5'000'000, 7'500'000, 10'000'000};
  static constexpr double kUnit = 1e6;  // of these in one that is shown: a second
};

// Bytes.
struct SizeSteps {
  static constexpr std::array<std::uint64_t, 10> kSteps = {
      256, 1 << 10, 1 << 12, 1 << 14, 1 << 16, 1 << 18, 1 << 20, 1 << 22, 1 << 24, 1 << 26};
  static constexpr double kUnit = 1;
};

template <typename Steps>
class StepHistogram {
 public:
  // One for each step, and one for what is above them.
  static constexpr std::size_t kBuckets = Steps::kSteps.size() + 1;

  // Small values are the most frequent, and found first.
  static constexpr std::size_t bucket_of(std::uint64_t value) {
    std::size_t bucket = 0;
    while (bucket < Steps::kSteps.size() && value > Steps::kSteps[bucket]) {
      ++bucket;
    }
    return bucket;
  }

  void record(std::uint64_t value, std::uint64_t count = 1) {
    record_in(bucket_of(value), value, count);
  }
  // For who has looked for the bucket of the value already.
  void record_in(std::size_t bucket, std::uint64_t value, std::uint64_t count) {
    add(buckets_[bucket], count);
    add(sum_, value * count);
  }

  [[nodiscard]] std::uint64_t bucket(std::size_t index) const {
    return buckets_[index].load(std::memory_order_acquire);
  }
  [[nodiscard]] std::uint64_t sum() const { return sum_.load(std::memory_order_acquire); }

  // For the one process that folds a dead writer's numbers into another histogram.
  void merge_from(const StepHistogram& other) {
    for (std::size_t i = 0; i < kBuckets; ++i) {
      add(buckets_[i], other.bucket(i));
    }
    add(sum_, other.sum());
  }
  void clear() {
    for (auto& bucket : buckets_) {
      bucket.store(0, std::memory_order_release);
    }
    sum_.store(0, std::memory_order_release);
  }

 private:
  static void add(std::atomic<std::uint64_t>& number, std::uint64_t amount) {
    number.store(number.load(std::memory_order_relaxed) + amount, std::memory_order_release);
  }

  std::array<std::atomic<std::uint64_t>, kBuckets> buckets_{};
  std::atomic<std::uint64_t> sum_{0};
};

using DurationHistogram = StepHistogram<DurationSteps>;
using SizeHistogram = StepHistogram<SizeSteps>;

// A reader's private sum of several.
template <typename Steps>
struct StepSnapshot {
  std::array<std::uint64_t, StepHistogram<Steps>::kBuckets> buckets{};
  std::uint64_t sum = 0;

  void add(const StepHistogram<Steps>& histogram) {
    for (std::size_t i = 0; i < buckets.size(); ++i) {
      buckets[i] += histogram.bucket(i);
    }
    sum += histogram.sum();
  }
  void add(const StepSnapshot& other) {
    for (std::size_t i = 0; i < buckets.size(); ++i) {
      buckets[i] += other.buckets[i];
    }
    sum += other.sum;
  }
  [[nodiscard]] std::uint64_t count() const {
    std::uint64_t all = 0;
    for (const std::uint64_t bucket : buckets) {
      all += bucket;
    }
    return all;
  }
};

using DurationSnapshot = StepSnapshot<DurationSteps>;
using SizeSnapshot = StepSnapshot<SizeSteps>;

}  // namespace prefork::ipc
