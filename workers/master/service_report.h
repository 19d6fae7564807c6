// What a service manager is told, and when: the protocol of sd_notify(3). Facts in, messages out:
// it sends nothing and reads no clock.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "workers/supervision/supervisor_state.h"

namespace prefork::master {

// How the server is at a moment.
struct ServiceFacts {
  enum class Phase : std::uint8_t { starting, running, reloading, stopping };

  Phase phase = Phase::starting;
  // Somebody serves, or boots within his time: what the watchdog is fed for.
  bool is_alive = false;
  std::string status;         // a line for people
  std::uint64_t reloads = 0;  // that were asked for, the refused ones with them
};

class ServiceReport {
 public:
  using TimePoint = supervision::TimePoint;
  using Duration = supervision::Duration;

  // `watchdog`: after so long without a sign of life the manager kills the service; none: never.
  explicit ServiceReport(std::optional<Duration> watchdog) : watchdog_(watchdog) {}

  // The messages that are due, in order.
  std::vector<std::string> due(const ServiceFacts& facts, TimePoint now);
  // When there is something to be said though nothing happens; none: there is not.
  [[nodiscard]] std::optional<TimePoint> deadline() const;

  // A status that changes all the time is told so often.
  static constexpr std::chrono::seconds kStatusEvery{1};
  // A long stop is not ended by the manager while the server sees to it: its own time is bounded.
  static constexpr std::chrono::seconds kExtension{15};
  static constexpr std::chrono::seconds kExtendEvery{5};

 private:
  [[nodiscard]] bool changes_phase(const ServiceFacts& facts, TimePoint now,
                                   std::vector<std::string>& messages);
  void add_status(const ServiceFacts& facts, TimePoint now, std::string& message);

  const std::optional<Duration> watchdog_;
  ServiceFacts told_;
  std::optional<TimePoint> status_told_;
  std::optional<TimePoint> status_due_;    // one that waits
  std::optional<TimePoint> watchdog_due_;  // with the first look
  std::optional<TimePoint> extension_due_;
};

}  // namespace prefork::master
