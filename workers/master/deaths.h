// What is said and done about a process that has ended: the sentences about it, its last words
// (Diagnosis), why it could not boot (BootFailures), and what its death costs the routes whose
// requests it had in hand (RouteGuard). Master only.
#pragma once

#include <cstdint>
#include <string_view>

#include "workers/master/boot_failures.h"
#include "workers/master/diagnosis.h"
#include "workers/master/route_guard.h"

namespace prefork::master {

class Deaths {
 public:
  // See Diagnosis and RouteBlame.
  Deaths(Diagnosis::Parts parts, supervision::Generation generation, std::uint32_t route_limit)
      : parts_(parts),
        route_guard_(parts.segment.header().route_bans, generation, route_limit),
        diagnosis_(parts) {}

  // Before the record of the process is cleared. `is_work_told`: what it had in hand has been said.
  void tell(const supervision::action::Release& release, bool is_work_told);

  // The server gives up because of this.
  void tell_giving_up(const supervision::Failure& reason, std::string_view last_words);
  // It leaves because of handlers that do not come back, which is a death that they have cost.
  void tell_stuck(ipc::Place at, const supervision::Seat& seat);

  [[nodiscard]] Diagnosis& diagnosis() { return diagnosis_; }
  [[nodiscard]] RouteGuard& route_guard() { return route_guard_; }
  [[nodiscard]] BootFailures& boot_failures() { return boot_failures_; }

 private:
  void say(const Lines& lines);

  const Diagnosis::Parts parts_;
  RouteGuard route_guard_;
  BootFailures boot_failures_;
  Diagnosis diagnosis_;
};

}  // namespace prefork::master
