// Names of the supervisor's values, for the log, for statistics and for tests.
#include <cstdlib>

#include "workers/supervision/supervisor_messages.h"
#include "workers/supervision/supervisor_state.h"

namespace prefork::supervision {

std::string_view to_string(State state) {
  switch (state) {
    case State::vacant:
      return "vacant";
    case State::starting:
      return "starting";
    case State::ready:
      return "ready";
    case State::draining:
      return "draining";
    case State::killing:
      return "killing";
    case State::backoff:
      return "backoff";
    case State::failed:
      return "failed";
  }
  std::abort();
}

std::string_view to_string(Want want) {
  switch (want) {
    case Want::run:
      return "run";
    case Want::drain:
      return "drain";
    case Want::stop:
      return "stop";
  }
  std::abort();
}

std::string_view to_string(Part part) {
  switch (part) {
    case Part::none:
      return "none";
    case Part::holder:
      return "holder";
    case Part::candidate:
      return "candidate";
    case Part::leaver:
      return "leaver";
  }
  std::abort();
}

std::string_view to_string(Role role) {
  switch (role) {
    case Role::worker:
      return "worker";
    case Role::observer:
      return "observer";
  }
  std::abort();
}

std::string_view to_string(Signal signal) {
  switch (signal) {
    case Signal::abort:
      return "SIGABRT";
    case Signal::kill:
      return "SIGKILL";
  }
  std::abort();
}

std::string_view to_string(DrainReason why) {
  switch (why) {
    case DrainReason::stop:
      return "stop";
    case DrainReason::replaced:
      return "replaced";
    case DrainReason::removed:
      return "removed";
  }
  std::abort();
}

std::string_view to_string(FailureKind kind) {
  switch (kind) {
    case FailureKind::fork_failed:
      return "fork failed";
    case FailureKind::boot_exited:
      return "could not boot";
    case FailureKind::boot_timed_out:
      return "not ready in time";
    case FailureKind::silent:
      return "silent";
    case FailureKind::crashed:
      return "crashed";
  }
  std::abort();
}

std::string_view to_string(NoticeKind kind) {
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
    case NoticeKind::reload_finished:
      return "reload_finished";
    case NoticeKind::reload_aborted:
      return "reload_aborted";
    case NoticeKind::recycle_started:
      return "recycle_started";
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

std::string_view to_string(FinishCode code) {
  switch (code) {
    case FinishCode::stopped:
      return "stopped";
    case FinishCode::cut:
      return "cut";
    case FinishCode::boot_failed:
      return "boot_failed";
    case FinishCode::app_failed:
      return "app_failed";
  }
  std::abort();
}

}  // namespace prefork::supervision
