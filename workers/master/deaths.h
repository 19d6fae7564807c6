// What is said and done about a process that has ended: the sentences about it, its last words
// (Diagnosis), why it could not boot (BootFailures), what its death costs the routes whose requests
// it had in hand (RouteGuard), and where these are kept (RequestFiles). Master only.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "workers/master/boot_failures.h"
#include "workers/master/diagnosis.h"
#include "workers/master/request_files.h"
#include "workers/master/route_guard.h"

namespace prefork::master {

class Deaths {
 public:
  // See Diagnosis and RouteBlame.
  // `kept`: see RequestFiles.
  Deaths(Diagnosis::Parts parts, const ipc::KeptRequests* kept, supervision::Generation generation,
         std::uint32_t route_limit)
      : parts_(parts),
        route_guard_(parts.segment.header().route_bans, generation, route_limit),
        diagnosis_(parts),
        request_files_(kept, parts.log) {}

  // Before the record of the process is cleared. `is_work_told`: what it had in hand has been said.
  void tell(const supervision::action::Release& release, bool is_work_told);

  // The server gives up because of this.
  void tell_giving_up(const supervision::Failure& reason, std::string_view last_words);
  // It leaves because of handlers that do not come back, which is a death that they have cost.
  void tell_stuck(ipc::Place at, const supervision::Seat& seat);
  // Of those who help with it, in each turn.
  [[nodiscard]] std::optional<supervision::TimePoint> deadline() const;
  void enforce(supervision::TimePoint now);
  // True: it was one of them.
  bool on_reaped(supervision::Pid pid);
  // None of them has anything to tell any more.
  [[nodiscard]] bool is_all_told() const { return diagnosis_.empty() && request_files_.empty(); }

  [[nodiscard]] Diagnosis& diagnosis() { return diagnosis_; }
  [[nodiscard]] RouteGuard& route_guard() { return route_guard_; }
  [[nodiscard]] BootFailures& boot_failures() { return boot_failures_; }

 private:
  void keep_requests(const supervision::action::Release& release);
  void say(const Lines& lines);

  const Diagnosis::Parts parts_;
  RouteGuard route_guard_;
  BootFailures boot_failures_;
  Diagnosis diagnosis_;
  RequestFiles request_files_;
};

}  // namespace prefork::master
