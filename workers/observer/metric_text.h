// Writes metrics as text, family by family: Prometheus' text format 0.0.4, or OpenMetrics 1.0.
// Pure; one thread.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>

#include "ipc/app_histograms.h"
#include "ipc/step_histogram.h"

namespace prefork::observer {

enum class MetricFormat : std::uint8_t { prometheus, open_metrics };

std::string_view content_type_of(MetricFormat format);

class MetricText {
 public:
  enum class Type : std::uint8_t { counter, gauge, histogram, info };
  // Names of labels are written as they are, values are escaped.
  using Labels = std::initializer_list<std::pair<std::string_view, std::string_view>>;

  explicit MetricText(MetricFormat format) : format_(format) {}

  // What follows is of this family. `name`: without the ending that its type brings (`_total`,
  // `_info`).
  void family(Type type, std::string_view name, std::string_view help);
  void sample(Labels labels, std::uint64_t value);
  void sample(Labels labels, std::int64_t value);
  void sample(Labels labels, double value);
  // Its buckets, sum and count.
  template <typename Steps>
  void histogram(Labels labels, const ipc::StepSnapshot<Steps>& snapshot) {
    std::uint64_t count = 0;
    for (std::size_t i = 0; i < Steps::kSteps.size(); ++i) {
      count += snapshot.buckets[i];
      bucket(labels, bound_text(static_cast<double>(Steps::kSteps[i]) / Steps::kUnit), count);
    }
    count += snapshot.buckets.back();
    bucket(labels, "+Inf", count);
    histogram_end(labels, static_cast<double>(snapshot.sum) / Steps::kUnit, count);
  }

  // The same of steps and values that are given.
  void histogram(Labels labels, const ipc::HistogramShape& shape,
                 const ipc::HistogramValues& values);

  // All of it.
  [[nodiscard]] std::string take();

 private:
  void begin_sample(std::string_view ending, Labels labels, std::string_view bound = {});
  void bucket(Labels labels, std::string_view bound, std::uint64_t count);
  void histogram_end(Labels labels, double sum, std::uint64_t count);
  [[nodiscard]] std::string bound_text(double bound) const;

  const MetricFormat format_;
  std::string name_;
  std::string_view ending_;  // of the family's samples
  std::string text_;
};

}  // namespace prefork::observer
