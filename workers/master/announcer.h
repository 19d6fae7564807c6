// Tells whoever has started the server how it is: --notify-fd once, when it is ready, and a service
// manager (systemd) all the time. Master only.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "workers/master/commands.h"
#include "workers/master/narrator.h"
#include "workers/master/service_manager.h"
#include "workers/master/service_report.h"
#include "workers/master/serving_plan.h"
#include "workers/supervision/supervisor.h"

namespace prefork::master {

class Announcer {
 public:
  // `goes_on`: where the program before was, which was ready.
  explicit Announcer(ServiceManager manager, bool goes_on = false);

  // With what the server starts; `watched`: with --reload, else empty.
  static Lines start(const ServingPlan& plan, const std::string& watched);

  // True once: the server has become ready with this. Not with the first worker, or all early
  // connections would be its own; but when those that are missing have had their time.
  bool has_become_ready(const supervision::Supervisor& supervisor, std::uint64_t age_ns);
  [[nodiscard]] bool is_ready() const { return is_ready_; }
  // Then, of what serves: what is to be said.
  static Lines announce(const supervision::Supervisor& supervisor, const ServingPlan& plan,
                        std::uint64_t age_ns);

  // In every turn.
  void tell_manager(const supervision::Supervisor& supervisor, const ReloadNews& reloads,
                    bool is_leaving, supervision::TimePoint now);
  [[nodiscard]] std::optional<supervision::TimePoint> deadline() const;

 private:
  ServiceManager manager_;
  ServiceReport report_;
  bool is_ready_ = false;
};

// As a service manager shows it. `is_leaving`: a stop was asked for.
ServiceFacts service_facts(const supervision::Supervisor& supervisor, bool is_ready,
                           const ReloadNews& reloads, bool is_leaving);

}  // namespace prefork::master
