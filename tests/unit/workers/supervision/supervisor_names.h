// Names of the supervisor's values, for the transcripts of its tests.
#pragma once

#include <cstdlib>
#include <string_view>

#include "workers/supervision/supervisor_messages.h"
#include "workers/supervision/supervisor_state.h"

namespace prefork::supervision {

inline std::string_view name_of(DrainReason why) {
  switch (why) {
    case DrainReason::stop:
      return "stop";
    case DrainReason::replaced:
      return "replaced";
    case DrainReason::removed:
      return "removed";
    case DrainReason::stuck:
      return "stuck";
  }
  std::abort();
}

inline std::string_view name_of(Signal signal) {
  switch (signal) {
    case Signal::abort:
      return "SIGABRT";
    case Signal::kill:
      return "SIGKILL";
  }
  std::abort();
}

inline std::string_view name_of(NoticeKind kind) {
  switch (kind) {
    case NoticeKind::silent:
      return "silent";
    case NoticeKind::boot_deadline_passed:
      return "boot_deadline_passed";
    case NoticeKind::drain_deadline_passed:
      return "drain_deadline_passed";
    case NoticeKind::still_there:
      return "still_there";
    case NoticeKind::boot_failed:
      return "boot_failed";
    case NoticeKind::restart_delayed:
      return "restart_delayed";
    case NoticeKind::slot_failed:
      return "slot_failed";
    case NoticeKind::reload_queued:
      return "reload_queued";
    case NoticeKind::reload_started:
      return "reload_started";
    case NoticeKind::soak_started:
      return "soak_started";
    case NoticeKind::reload_finished:
      return "reload_finished";
    case NoticeKind::reload_aborted:
      return "reload_aborted";
    case NoticeKind::rollback_started:
      return "rollback_started";
    case NoticeKind::rollback_delayed:
      return "rollback_delayed";
    case NoticeKind::rollback_finished:
      return "rollback_finished";
    case NoticeKind::recycle_started:
      return "recycle_started";
    case NoticeKind::terminate_started:
      return "terminate_started";
    case NoticeKind::restart_started:
      return "restart_started";
    case NoticeKind::quarantine_started:
      return "quarantine_started";
    case NoticeKind::recycle_aborted:
      return "recycle_aborted";
    case NoticeKind::cannot_add_worker:
      return "cannot_add_worker";
    case NoticeKind::cannot_remove_worker:
      return "cannot_remove_worker";
    case NoticeKind::overslept:
      return "overslept";
  }
  std::abort();
}

// Of those a supervisor ends with.
inline std::string_view name_of(ExitCode code) {
  switch (code) {
    case ExitCode::stopped:
      return "stopped";
    case ExitCode::requests_cut:
      return "requests_cut";
    case ExitCode::no_worker_booted:
      return "no_worker_booted";
    case ExitCode::application_failed:
      return "application_failed";
    default:
      std::abort();
  }
}

}  // namespace prefork::supervision
