// The master's voice: what happened, in lines that an operator can act on.
#include <cerrno>
#include <cstdio>
#include <cstring>

#include "ipc/base/monotonic.h"
#include "workers/master/master.h"

namespace prefork::master {

namespace {

using ipc::Place;
using ipc::ProcessState;
using supervision::Failure;
using supervision::FailureKind;
using supervision::NoticeKind;

std::string seconds(supervision::Duration duration) {
  char text[32];
  std::snprintf(text, sizeof text, "%.3g s", std::chrono::duration<double>(duration).count());
  return text;
}

std::string describe_exit(const supervision::Exit& exit) {
  if (exit.signal != 0) {
    const char* name = ::sigabbrev_np(exit.signal);
    return "signal " + std::to_string(exit.signal) +
           (name != nullptr ? std::string(" (SIG") + name + ")" : std::string()) +
           (exit.core ? ", core dumped" : ", no core dump");
  }
  return "exit code " + std::to_string(exit.code);
}

std::string describe_request(const ipc::InFlightRequest& request, std::uint64_t now_ns) {
  const std::uint64_t age_ms =
      now_ns > request.started_ns ? (now_ns - request.started_ns) / 1'000'000 : 0;
  return request.method + " " + request.path + " from " + ipc::to_string(request.peer) +
         " (request " + std::to_string(request.request_id) + ", " + std::to_string(age_ms) +
         " ms old)";
}

}  // namespace

std::string Master::name_of(Place at) const { return name_of(at, supervisor_->seat(at).pid); }

std::string Master::name_of(Place at, std::optional<supervision::Pid> pid) const {
  std::string name = is_observer(at) ? "observer" : "worker " + std::to_string(at.slot);
  if (pid) {
    name += " (pid " + std::to_string(*pid) + ")";
  }
  return name;
}

std::string Master::describe(const Failure& failure) const {
  const std::string name = name_of(failure.at, failure.pid);
  switch (failure.kind) {
    case FailureKind::fork_failed:
      return name + " could not be started: " + std::strerror(failure.error_number);
    case FailureKind::boot_exited:
      return name + " could not boot: " +
             (last_boot_failure_.empty() ? describe_exit(failure.exit) : last_boot_failure_);
    case FailureKind::boot_timed_out:
      return name + " was not ready within its boot deadline (--timeout-worker-boot)";
    case FailureKind::silent:
      return name + " gave no sign of life (--timeout-worker-healthcheck)";
    case FailureKind::crashed:
      return name + " ended by " + describe_exit(failure.exit);
  }
  return name;
}

void Master::log_exit(const supervision::action::Release& release) {
  std::string line =
      name_of(release.at, release.last.pid) + " ended: " + describe_exit(release.exit);
  const bool asked_for = release.last.state == ProcessState::draining && release.exit.signal == 0 &&
                         release.exit.code == 0;
  line += asked_for ? ", as asked" : "";
  line += "; age " + seconds(supervision::Clock::now() - release.last.started);
  if (!is_observer(release.at)) {
    const ipc::WorkerRecord& record = segment_->record(release.at);
    line += ", " + std::to_string(record.counters.get(ipc::Counter::requests)) + " requests served";
  }
  if (asked_for) {
    log_.info(line);
    return;
  }
  // Its own words are told with what follows from its end.
  const auto child = children_.find(release.at);
  if (release.last.state == ProcessState::starting && child != children_.end() &&
      !child->second.boot_failure.empty()) {
    log_.debug(line);
    return;
  }
  log_.warning(line);
  log_in_flight(release.at, "was working on");
}

// The last words of a process, from its record: which requests it had in hand.
void Master::log_in_flight(Place at, std::string_view what) {
  if (is_observer(at)) {
    return;
  }
  const ipc::WorkerRecord& record = segment_->record(at);
  const std::uint64_t now_ns = ipc::monotonic_ns();
  const std::string name = "worker " + std::to_string(at.slot) + " " + std::string(what) + " ";
  if (const auto request = record.loop_request.get()) {
    log_.warning(name + describe_request(*request, now_ns) + " on its event loop");
  }
  for (std::uint32_t i = 0; i < ipc::kMaxPoolThreads; ++i) {
    if (const auto request = record.pool_requests[i].get()) {
      log_.warning(name + describe_request(*request, now_ns) + " on pool thread " +
                   std::to_string(i));
    }
  }
}

void Master::perform(const supervision::action::Notice& notice) {
  const std::string name = notice.at ? name_of(*notice.at, notice.pid) : "";
  const std::string span = seconds(notice.duration);
  const std::string generation = "generation " + std::to_string(notice.generation);
  const std::string why = notice.failure ? describe(*notice.failure) : "the server stops";
  switch (notice.kind) {
    case NoticeKind::silent:
      log_.error(name + " gave no sign of life for " + span + "; it gets SIGABRT");
      log_in_flight(*notice.at, "is stuck with");
      break;
    case NoticeKind::boot_deadline_passed:
      log_.error(name + " was not ready " + span + " after its start; it gets SIGABRT");
      break;
    case NoticeKind::drain_deadline_passed:
      log_.warning(name + " did not finish within " + span + "; it is cut");
      log_in_flight(*notice.at, "is cut in");
      break;
    case NoticeKind::still_there:
      log_.error(name + " is still there after SIGKILL; it is sent again");
      break;
    case NoticeKind::boot_failed:
      log_.error(why);
      break;
    case NoticeKind::restart_delayed:
      log_.warning(why + "; next start in " + span);
      break;
    case NoticeKind::slot_failed:
      log_.error(why + "; failed " + std::to_string(notice.count) +
                 " times in a row, next try in " + span);
      break;
    case NoticeKind::reload_queued:
      log_.info("reload to " + generation + " waits for the one under way");
      break;
    case NoticeKind::reload_started:
      log_.info("reload to " + generation + " began");
      break;
    case NoticeKind::reload_finished:
      segment_->header().reloads.fetch_add(1, std::memory_order_relaxed);
      log_.info("reload to " + generation + " is done");
      forget_unused_plans();
      break;
    case NoticeKind::reload_aborted:
      log_.error("reload to " + generation + " was given up: " + why +
                 "; the present workers stay");
      forget_unused_plans();
      break;
    case NoticeKind::recycle_started:
      log_.info(name + " has served its share of requests; a successor starts");
      break;
    case NoticeKind::recycle_aborted:
      log_.warning(why + "; " + name + " goes on, next try in " + span);
      break;
    case NoticeKind::cannot_add_worker:
      log_.warning("no room for another worker: all " + std::to_string(notice.count) +
                   " slots are in use");
      break;
    case NoticeKind::cannot_remove_worker:
      log_.warning("the last worker stays");
      break;
    case NoticeKind::overslept:
      log_.warning("the master itself was stopped or starved for " + span +
                   "; nobody is judged for it");
      break;
  }
}

}  // namespace prefork::master
