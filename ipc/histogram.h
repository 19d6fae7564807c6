// Durations in log-linear buckets: 2^kBits to each power of two, so that a percentile is off by
// less than that part of it. Lives in shared memory; one writer, load and store (no locked
// instruction); readers merge the buckets of several writers and compute percentiles from the sum.
#pragma once

#include <algorithm>
#include <array>
#include <atomic>
#include <bit>
#include <cstddef>
#include <cstdint>

namespace prefork::ipc {

template <unsigned kBits>
class LogHistogram {
 public:
  static constexpr unsigned kSubBucketBits = kBits;
  static constexpr std::uint64_t kSubBuckets = 1U << kSubBucketBits;
  // Values of 2^kMaxBits microseconds (134 s) and more share the last bucket.
  static constexpr unsigned kMaxBits = 27;
  static constexpr std::size_t kBucketCount = (kMaxBits - kSubBucketBits + 1) * kSubBuckets;

  static constexpr std::size_t bucket_of(std::uint64_t microseconds) {
    if (microseconds < kSubBuckets) {
      return static_cast<std::size_t>(microseconds);
    }
    if (microseconds >> kMaxBits != 0) {
      return kBucketCount - 1;
    }
    const auto width = static_cast<unsigned>(std::bit_width(microseconds));
    const unsigned shift = width - kSubBucketBits - 1;
    const std::uint64_t sub = (microseconds >> shift) - kSubBuckets;
    return static_cast<std::size_t>((shift + 1) * kSubBuckets + sub);
  }

  // The smallest value, in microseconds, that falls into the bucket.
  static constexpr std::uint64_t lower_bound(std::size_t bucket) {
    if (bucket < kSubBuckets) {
      return bucket;
    }
    const std::uint64_t shift = bucket / kSubBuckets - 1;
    return (kSubBuckets + bucket % kSubBuckets) << shift;
  }

  void record(std::uint64_t microseconds, std::uint64_t count = 1) {
    add(bucket_of(microseconds), count);
    sum_us_.store(sum_us_.load(std::memory_order_relaxed) + microseconds * count,
                  std::memory_order_release);
  }

  [[nodiscard]] std::uint64_t bucket(std::size_t index) const {
    return buckets_[index].load(std::memory_order_acquire);
  }
  [[nodiscard]] std::uint64_t sum_us() const { return sum_us_.load(std::memory_order_acquire); }

  // For the one process that folds a dead writer's numbers into another histogram.
  void merge_from(const LogHistogram& other) {
    for (std::size_t i = 0; i < kBucketCount; ++i) {
      if (const std::uint64_t count = other.bucket(i); count != 0) {
        add(i, count);
      }
    }
    sum_us_.store(sum_us() + other.sum_us(), std::memory_order_release);
  }
  void clear() {
    for (auto& bucket : buckets_) {
      bucket.store(0, std::memory_order_release);
    }
    sum_us_.store(0, std::memory_order_release);
  }

 private:
  void add(std::size_t index, std::uint64_t count) {
    buckets_[index].store(buckets_[index].load(std::memory_order_relaxed) + count,
                          std::memory_order_release);
  }

  std::array<std::atomic<std::uint64_t>, kBucketCount> buckets_{};
  std::atomic<std::uint64_t> sum_us_{0};
};

// A reader's private sum of several histograms.
template <unsigned kBits>
class LogHistogramSnapshot {
 public:
  using Histogram = LogHistogram<kBits>;

  void add(const Histogram& histogram) {
    for (std::size_t i = 0; i < Histogram::kBucketCount; ++i) {
      const std::uint64_t count = histogram.bucket(i);
      buckets_[i] += count;
      count_ += count;
    }
    sum_us_ += histogram.sum_us();
  }

  void add(const LogHistogramSnapshot& other) {
    for (std::size_t i = 0; i < Histogram::kBucketCount; ++i) {
      buckets_[i] += other.buckets_[i];
    }
    count_ += other.count_;
    sum_us_ += other.sum_us_;
  }

  // An earlier state of the same; what is not there is not taken.
  void subtract(const LogHistogramSnapshot& other) {
    for (std::size_t i = 0; i < Histogram::kBucketCount; ++i) {
      const std::uint64_t count = std::min(buckets_[i], other.buckets_[i]);
      buckets_[i] -= count;
      count_ -= count;
    }
    sum_us_ -= std::min(sum_us_, other.sum_us_);
  }

  [[nodiscard]] std::uint64_t count() const { return count_; }
  [[nodiscard]] std::uint64_t sum_us() const { return sum_us_; }
  [[nodiscard]] std::uint64_t bucket(std::size_t index) const { return buckets_[index]; }

  // The value, in microseconds, that the given share (0 to 1) of the recordings do not exceed:
  // the upper end of the bucket it falls into. 0 when nothing was recorded.
  [[nodiscard]] std::uint64_t percentile_us(double share) const {
    const double wanted = share * static_cast<double>(count_);
    std::uint64_t seen = 0;
    for (std::size_t i = 0; i < Histogram::kBucketCount; ++i) {
      seen += buckets_[i];
      if (seen != 0 && static_cast<double>(seen) >= wanted) {
        return i + 1 < Histogram::kBucketCount ? Histogram::lower_bound(i + 1) - 1
                                               : Histogram::lower_bound(i);
      }
    }
    return 0;
  }

 private:
  std::array<std::uint64_t, Histogram::kBucketCount> buckets_{};
  std::uint64_t count_ = 0;
  std::uint64_t sum_us_ = 0;
};

// Off by less than 6.25 %: three KiB each.
using Histogram = LogHistogram<4>;
using HistogramSnapshot = LogHistogramSnapshot<4>;
// Off by less than 1.6 %: eleven KiB.
using FineHistogram = LogHistogram<6>;
using FineHistogramSnapshot = LogHistogramSnapshot<6>;

}  // namespace prefork::ipc
