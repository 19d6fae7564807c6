#include "workers/master/narrator.h"

#include <algorithm>
#include <cstring>
#include <utility>

#include "ipc/base/error_text.h"
#include "ipc/base/peer_address.h"
#include "ipc/log/log_text.h"
#include "workers/master/rollout_lines.h"
#include "workers/master/wording.h"

namespace prefork::master {

namespace {

using config::LogLevel;
using supervision::Failure;
using supervision::FailureKind;
using supervision::NoticeKind;

// Of one worker: more would make nothing that anybody reads.
constexpr std::size_t kMaxRequestsTold = 32;

std::string name_of(supervision::Signal signal) {
  return signal == supervision::Signal::abort ? "SIGABRT" : "SIGKILL";
}

// "GET /path from 192.0.2.7:4711 (request 12, 250 ms old), handling on pool thread 3"
std::string describe_request(const ipc::RequestInFlight& one, std::uint64_t now_ns) {
  const ipc::InFlightRequest& request = one.request;
  const std::uint64_t age_ms =
      now_ns > request.started_ns ? (now_ns - request.started_ns) / 1'000'000 : 0;
  std::string text = ipc::escaped(request.method) + " " + ipc::escaped(request.path) + " from " +
                     ipc::to_string(request.peer) + " (";
  if (request.request_id != 0) {
    text += "request " + std::to_string(request.request_id) + ", ";
  }
  text += std::to_string(age_ms) + " ms old), " + std::string(ipc::to_string(request.phase));
  if (one.pool_thread) {
    text += " on pool thread " + std::to_string(*one.pool_thread);
  }
  return one.is_on_loop ? text + " on its event loop" : text;
}

Lines one(LogLevel level, std::string text) { return {{level, std::move(text)}}; }

}  // namespace

std::string describe_exit(const supervision::Exit& exit) {
  if (exit.signal != 0) {
    const char* name = ::sigabbrev_np(exit.signal);
    return "signal " + std::to_string(exit.signal) +
           (name != nullptr ? std::string(" (SIG") + name + ")" : std::string()) +
           (exit.core ? ", core dumped" : ", no core dump");
  }
  return "exit code " + std::to_string(exit.code);
}

Line reaped_stranger(supervision::Pid pid) {
  return {LogLevel::debug, "reaped a process of somebody else: pid " + std::to_string(pid)};
}

Line fork_server_ended(supervision::Generation generation, const supervision::Exit& exit) {
  return {LogLevel::warning, "the fork server of generation " + std::to_string(generation) +
                                 " ended: " + describe_exit(exit)};
}

std::string ended_while_it_was_loaded(const std::string& path, const supervision::Exit& exit) {
  return "'" + path + "' ended the process that loaded it: " + describe_exit(exit);
}

std::string ended_before_it_forked(const supervision::Exit& exit) {
  return "no process could be made for it: its fork server ended: " + describe_exit(exit);
}

std::string Narrator::name_of(Place at, Pid pid) const {
  std::string name = "observer";
  if (is_worker(at)) {
    name = "worker " + std::to_string(at.slot);
  } else if (at.slot > observer_slot_) {
    name = "task " + std::to_string(at.slot - observer_slot_ - 1);
  }
  if (pid) {
    name += " (pid " + std::to_string(*pid) + ")";
  }
  return name;
}

Line Narrator::started(Place at, Pid pid) const {
  return {LogLevel::debug, name_of(at, pid) + " was started"};
}

Line Narrator::ready(Place at, Pid pid, const ipc::ReadyFrame& frame) const {
  return {LogLevel::debug,
          name_of(at, pid) + " is ready after " + std::to_string(frame.boot_us) + " us"};
}

Line Narrator::gets(const supervision::action::Kill& kill) const {
  return {LogLevel::debug, name_of(kill.at, kill.pid) + " gets " + master::name_of(kill.signal)};
}

Line Narrator::does_not_read(Place at, Pid pid) const {
  return {LogLevel::warning,
          name_of(at, pid) + " does not read its command pipe; its deadline will end it"};
}

Line Narrator::sent_something_unreadable(Place at, Pid pid, ipc::FrameError error) const {
  return {LogLevel::error,
          name_of(at, pid) + " sent something unreadable: " + ipc::to_string(error)};
}

Line Narrator::sent_frame_of_other_epoch(Place at, Pid pid) const {
  return {LogLevel::error, name_of(at, pid) + " sent a frame of another epoch; ignored"};
}

Line Narrator::is_no_longer_heard(Place at, Pid pid) const {
  return {LogLevel::error, name_of(at, pid) +
                               " goes on sending what is unreadable; it is not listened to any "
                               "longer"};
}

Line Narrator::is_deaf(Place at, Pid pid) const {
  return {LogLevel::error,
          name_of(at, pid) +
              " has closed its control pipe: it has become another program, or the application has "
              "closed what is not its own; it gets SIGKILL"};
}

Line Narrator::is_traced(Place at, Pid pid, supervision::Pid tracer) const {
  return {LogLevel::warning, name_of(at, pid) + " is held by a debugger (pid " +
                                 std::to_string(tracer) + "); it is not judged meanwhile"};
}

Line Narrator::is_slow(Place at, Pid pid, const ipc::RequestInFlight& one, std::uint64_t now_ns,
                       Delay delay) const {
  const bool is_stuck = delay == Delay::stuck;
  return {is_stuck ? LogLevel::warning : LogLevel::info,
          name_of(at, pid) + (is_stuck ? " is stuck with " : " is slow with ") +
              describe_request(one, now_ns)};
}

Line Narrator::is_oversized(Place at, Pid pid, std::uint64_t bytes, std::uint64_t limit) const {
  return {LogLevel::warning, name_of(at, pid) + " has " + mebibytes(bytes) +
                                 " of memory, more than the " + mebibytes(limit) +
                                 " of --max-worker-memory"};
}

Lines Narrator::ended(const Ending& ending) const {
  const supervision::action::Release& release = ending.release;
  const bool asked_for = was_asked_for(release);
  std::string text =
      name_of(release.at, release.last.pid) + " ended: " + describe_exit(release.exit);
  text += asked_for ? ", as asked" : "";
  text += "; age " + seconds(ending.age);
  if (is_worker(release.at)) {
    text += ", " + std::to_string(ending.requests_served) + " requests served";
  }
  if (asked_for) {
    return {{LogLevel::info, std::move(text)}};
  }
  const bool is_told = release.last.state == ipc::ProcessState::starting;
  Lines lines = {{is_told ? LogLevel::debug : LogLevel::warning, std::move(text)}};
  add_requests(lines, release.at, "was working on", ending.at_work);
  return lines;
}

void Narrator::add_requests(Lines& lines, Place at, std::string_view what,
                            const AtWork& at_work) const {
  const std::string name = name_of(at, std::nullopt) + " " + std::string(what) + " ";
  if (!at_work.part.empty()) {
    lines.push_back({LogLevel::warning, name + "the application's " + at_work.part});
  }
  const std::vector<ipc::RequestInFlight>& named = at_work.requests.named;
  const std::size_t told = std::min(named.size(), kMaxRequestsTold);
  for (std::size_t i = 0; i < told; ++i) {
    lines.push_back({LogLevel::warning, name + describe_request(named[i], at_work.now_ns)});
  }
  if (const std::size_t rest = named.size() - told + at_work.requests.more; rest != 0) {
    lines.push_back({LogLevel::warning, name + counted(rest, "request") + " more"});
  }
}

std::string Narrator::reason_of(const Failure& failure, std::string_view last_words) {
  switch (failure.kind) {
    case FailureKind::fork_failed:
      return last_words.empty()
                 ? "could not be started: " + std::string(ipc::error_text(failure.error_number))
                 : "could not boot: " + std::string(last_words);
    case FailureKind::boot_exited:
      return "could not boot: " +
             (last_words.empty() ? describe_exit(failure.exit) : std::string(last_words));
    case FailureKind::boot_timed_out:
      return "was not ready within its boot deadline (--timeout-worker-boot)";
    case FailureKind::silent:
      return "gave no sign of life (--timeout-worker-healthcheck)";
    case FailureKind::crashed:
      return "ended by " + describe_exit(failure.exit);
    case FailureKind::worse:
      return "answers worse than those before it: " + std::string(last_words);
  }
  return "failed";
}

std::string Narrator::describe(const Failure& failure, std::string_view last_words) const {
  return name_of(failure.at, failure.pid) + " " + reason_of(failure, last_words);
}

Lines Narrator::tell(const supervision::action::Notice& notice, std::string_view last_words,
                     const AtWork& at_work) const {
  const std::string name = notice.at ? name_of(*notice.at, notice.pid) : "";
  const std::string span = seconds(notice.duration);
  const std::string why =
      notice.failure ? describe(*notice.failure, last_words) : "the server stops";
  // The end of a process that ran has had its line.
  const bool is_told = notice.failure && notice.failure->kind == FailureKind::crashed;
  const std::string told_before =
      is_told ? name_of(notice.failure->at, std::nullopt) + ": " : why + "; ";
  switch (notice.kind) {
    case NoticeKind::silent: {
      Lines lines = {
          {LogLevel::error, name + " gave no sign of life for " + span + "; it gets SIGABRT"}};
      add_requests(lines, *notice.at, "is stuck with", at_work);
      return lines;
    }
    case NoticeKind::boot_deadline_passed:
      return one(LogLevel::error,
                 name + " was not ready " + span + " after its start; it gets SIGABRT");
    case NoticeKind::drain_deadline_passed: {
      Lines lines = {{LogLevel::warning, name + " did not finish within " + span + "; it is cut"}};
      add_requests(lines, *notice.at, "is cut in", at_work);
      return lines;
    }
    case NoticeKind::still_there:
      return one(LogLevel::error, name + " is still there after SIGKILL; it is sent again");
    case NoticeKind::boot_failed:
      return {};  // by BootFailures
    case NoticeKind::restart_delayed:
      return one(LogLevel::warning, told_before + "next start in " + span);
    case NoticeKind::slot_failed:
      return one(LogLevel::error, told_before + "failed " + std::to_string(notice.count) +
                                      " times in a row, next try in " + span);
    case NoticeKind::cannot_add_worker:
      return one(LogLevel::warning, no_room_for_worker(notice.count));
    case NoticeKind::cannot_remove_worker:
      return one(LogLevel::warning, std::string(kLastWorkerStays));
    case NoticeKind::overslept:
      return one(LogLevel::warning, "the master itself was stopped or starved for " + span +
                                        "; nobody is judged for it");
    default:
      return tell_rollout(notice, {name, span, why});
  }
}

std::string Narrator::giving_up(const Failure& failure, std::string_view last_words) const {
  return "giving up: " + describe(failure, last_words);
}

}  // namespace prefork::master
