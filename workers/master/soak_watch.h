// Watches how the first worker of a reload answers, beside those of the generation before: the
// share of 5xx, and the latency that 99 of 100 responses keep. What workers write about themselves
// is hostile: it is added up and compared, nothing else. Master only.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "ipc/base/process_id.h"
#include "ipc/histogram.h"
#include "ipc/segment.h"

namespace prefork::master {

class SoakWatch {
 public:
  // Fewer answers than these, of either side, say nothing about the share of errors ...
  static constexpr std::uint64_t kAnswersForShare = 20;
  // ... and about the 99th percentile.
  static constexpr std::uint64_t kAnswersForPercentile = 100;
  // Worse: a share of more than `kTimes` that of the others and 1 %, or a percentile of more than
  // `kTimes` theirs and 5 ms, which is within the noise of any machine.
  static constexpr std::uint64_t kTimes = 2;
  static constexpr double kShareMargin = 0.01;
  static constexpr std::uint64_t kPercentileMarginUs = 5'000;

  // It outlives the watch.
  explicit SoakWatch(const ipc::Segment& segment);

  // The worker here has begun to serve.
  void begin(ipc::Place soaked);
  // True: it answers worse than the others have since begin(), or, where those have answered too
  // little meanwhile or are gone, than they had before. verdict() then says in what.
  bool is_worse();
  [[nodiscard]] const std::string& verdict() const { return verdict_; }

 private:
  struct Answers {
    std::uint64_t all = 0;
    std::uint64_t errors = 0;
    ipc::FineHistogramSnapshot latency;

    void add(const ipc::WorkerRecord& record);
    void add(const Answers& other);
    void subtract(const Answers& other);
    [[nodiscard]] double error_share() const;
  };
  // One of the generation before, and what it had answered when the watch began.
  struct Other {
    ipc::Place at;
    std::uint32_t epoch = 0;
    Answers before;
  };

  [[nodiscard]] Answers answers_of_others(std::uint64_t enough) const;
  [[nodiscard]] std::string compare() const;

  const ipc::Segment& segment_;
  ipc::Place soaked_{};
  std::vector<Other> others_;
  std::string verdict_;
};

}  // namespace prefork::master
