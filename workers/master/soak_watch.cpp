#include "workers/master/soak_watch.h"

#include <algorithm>
#include <array>
#include <cstdio>

#include "ipc/counters.h"

namespace prefork::master {

namespace {

std::string percent(double share) {
  std::array<char, 32> text{};
  std::snprintf(text.data(), text.size(), "%.1f %%", 100 * share);
  return text.data();
}

std::string latency_text(std::uint64_t us) {
  std::array<char, 32> text{};
  std::snprintf(text.data(), text.size(), "%.1f ms", static_cast<double>(us) / 1000);
  return text.data();
}

std::uint64_t less(std::uint64_t whole, std::uint64_t part) {
  return whole - std::min(whole, part);
}

}  // namespace

SoakWatch::SoakWatch(const ipc::Segment& segment) : segment_(segment) {}

void SoakWatch::Answers::add(const ipc::WorkerRecord& record) {
  using ipc::Counter;
  errors += record.counters.get(Counter::responses_5xx);
  for (const Counter counter : {Counter::responses_2xx, Counter::responses_3xx,
                                Counter::responses_4xx, Counter::responses_5xx}) {
    all += record.counters.get(counter);
  }
  latency.add(record.latency);
}

void SoakWatch::Answers::add(const Answers& other) {
  all += other.all;
  errors += other.errors;
  latency.add(other.latency);
}

void SoakWatch::Answers::subtract(const Answers& other) {
  all = less(all, other.all);
  errors = less(errors, other.errors);
  latency.subtract(other.latency);
}

double SoakWatch::Answers::error_share() const {
  return all == 0 ? 0 : static_cast<double>(errors) / static_cast<double>(all);
}

void SoakWatch::begin(ipc::Place soaked) {
  soaked_ = soaked;
  others_.clear();
  verdict_.clear();
  const std::uint32_t generation = segment_.record(soaked).generation.load();
  for (std::uint32_t slot = 0; slot < segment_.slots_in_use(); ++slot) {
    for (std::uint32_t seat = 0; seat < ipc::kSeatsPerSlot; ++seat) {
      const ipc::WorkerRecord& record = segment_.record({slot, seat});
      const std::uint32_t epoch = record.epoch.load();
      if (epoch == 0 || record.generation.load() == generation) {
        continue;
      }
      Other& other = others_.emplace_back(Other{{slot, seat}, epoch, {}});
      other.before.add(record);
    }
  }
}

bool SoakWatch::is_worse() {
  verdict_ = compare();
  return !verdict_.empty();
}

SoakWatch::Answers SoakWatch::answers_of_others(std::uint64_t enough) const {
  Answers since;
  Answers before;
  for (const Other& other : others_) {
    before.add(other.before);
    const ipc::WorkerRecord& record = segment_.record(other.at);
    if (record.epoch.load() == other.epoch) {
      since.add(record);
      since.subtract(other.before);
    }
  }
  return since.all >= enough ? since : before;
}

std::string SoakWatch::compare() const {
  Answers own;
  own.add(segment_.record(soaked_));
  if (own.all < kAnswersForShare) {
    return {};
  }
  const Answers some = answers_of_others(kAnswersForShare);
  const double limit = static_cast<double>(kTimes) * some.error_share() + kShareMargin;
  if (some.all >= kAnswersForShare && own.error_share() > limit) {
    return percent(own.error_share()) + " of its " + std::to_string(own.all) +
           " responses are 5xx, and " + percent(some.error_share()) + " of those before";
  }
  const Answers many = answers_of_others(kAnswersForPercentile);
  const std::uint64_t own_us = own.latency.percentile_us(0.99);
  const std::uint64_t other_us = many.latency.percentile_us(0.99);
  const bool has_many =
      own.latency.count() >= kAnswersForPercentile && many.latency.count() >= kAnswersForPercentile;
  if (has_many && own_us > kTimes * other_us + kPercentileMarginUs) {
    return "its p99 latency is " + latency_text(own_us) + ", and that of those before " +
           latency_text(other_us);
  }
  return {};
}

}  // namespace prefork::master
