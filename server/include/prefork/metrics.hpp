// Numbers that the workers share, declared with App::counter, App::gauge and App::histogram. Each
// worker has a part of its own in memory that all of them and the master see; /stats shows the
// parts of counters and gauges and their sum, /metrics the sums of all three.
//
// Small values, to be copied into handlers; they are valid as long as the application. Every
// function may be called by any thread of a worker and reports nothing. Before the worker starts,
// in PREFORK_APP and in on_load, changes are not counted and sums are 0.
#pragma once

#include <prefork/cxx20.hpp>

#include <cstdint>

#include <prefork/abi.h>

namespace prefork {
inline namespace v1 {

// Only grows. What workers counted that have ended stays in the sum.
class Counter {
 public:
  // For App::counter, which says which number it is. Both outlive the counter.
  Counter(const prefork_api& api, prefork_app* app, std::uint32_t number)
      : api_(&api), app_(app), number_(number) {}

  // `amount`: at most INT64_MAX.
  void add(std::uint64_t amount = 1) const {
    api_->add_number(app_, number_, static_cast<std::int64_t>(amount));
  }
  // Of all workers, those that have ended included.
  [[nodiscard]] std::int64_t sum() const { return api_->sum_number(app_, number_); }

 private:
  const prefork_api* api_;
  prefork_app* app_;
  std::uint32_t number_;
};

// A present state, such as open sessions: goes up and down, below zero too. The part of a worker
// ends with it.
class Gauge {
 public:
  // For App::gauge; as with a Counter.
  Gauge(const prefork_api& api, prefork_app* app, std::uint32_t number)
      : api_(&api), app_(app), number_(number) {}

  // This worker's part. Of threads that set and add at once each takes place, in some order.
  void set(std::int64_t value) const { api_->set_number(app_, number_, value); }
  void add(std::int64_t amount) const { api_->add_number(app_, number_, amount); }
  // Of all workers that live.
  [[nodiscard]] std::int64_t sum() const { return api_->sum_number(app_, number_); }

 private:
  const prefork_api* api_;
  prefork_app* app_;
  std::uint32_t number_;
};

// How values are spread: how many there were up to each of its steps. What workers counted that
// have ended stays in it.
class Histogram {
 public:
  // For App::histogram; as with a Counter.
  Histogram(const prefork_api& api, prefork_app* app, std::uint32_t histogram)
      : api_(&api), app_(app), histogram_(histogram) {}

  // Of the unit that its name says: seconds, bytes.
  void observe(double value) const {
    if (PREFORK_HAS(api_, observe)) {
      api_->observe(app_, histogram_, value);
    }
  }

 private:
  const prefork_api* api_;
  prefork_app* app_;
  std::uint32_t histogram_;
};

}  // namespace v1
}  // namespace prefork
