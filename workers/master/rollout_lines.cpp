#include "workers/master/rollout_lines.h"

#include <string_view>
#include <utility>

namespace prefork::master {

using config::LogLevel;
using supervision::NoticeKind;
using supervision::RecycleReason;

namespace {

Lines line(LogLevel level, std::string text) { return {{level, std::move(text)}}; }

std::string_view why_recycled(RecycleReason wish) {
  switch (wish) {
    case RecycleReason::lifetime:
      return "has served for as long as it may (--max-worker-lifetime)";
    case RecycleReason::memory:
      return "has more memory than it may (--max-worker-memory)";
    case RecycleReason::share_served:
    case RecycleReason::terminated:
    case RecycleReason::ordered:
    case RecycleReason::stuck:
      break;
  }
  return "has served its share of requests";
}

}  // namespace

Lines tell_rollout(const supervision::action::Notice& notice, const RolloutWords& words) {
  const std::string generation = "generation " + std::to_string(notice.generation);
  const std::string given_up = "reload to " + generation + " was given up: " + words.why;
  switch (notice.kind) {
    case NoticeKind::reload_queued:
      return line(LogLevel::info, "reload to " + generation + " waits for the one under way");
    case NoticeKind::reload_started:
      return line(LogLevel::info, "reload to " + generation + " began");
    case NoticeKind::reload_finished:
      return line(LogLevel::info, "reload to " + generation + " is done");
    case NoticeKind::soak_started:
      return line(LogLevel::info, "reload to " + generation + ": " + words.name +
                                      " is watched for " + words.span +
                                      " before the others are replaced");
    case NoticeKind::reload_aborted:
      return line(notice.failure ? LogLevel::error : LogLevel::info,
                  given_up + (notice.failure ? "; the present workers stay" : ""));
    case NoticeKind::rollback_started:
      return line(LogLevel::error,
                  given_up + "; going back to generation " + std::to_string(notice.back_to));
    case NoticeKind::rollback_delayed:
      return line(LogLevel::error, words.why + "; " + words.name + " stays at " + generation +
                                       ", next try in " + words.span);
    case NoticeKind::rollback_finished:
      return line(LogLevel::info, "all workers are of " + generation + " again");
    case NoticeKind::recycle_started:
      return line(LogLevel::info, words.name + " " + std::string(why_recycled(notice.wish)) +
                                      "; a successor starts");
    case NoticeKind::terminate_started:
      return line(LogLevel::info,
                  words.name + " was told to end by SIGTERM; a successor starts first");
    case NoticeKind::restart_started:
      return line(LogLevel::info, words.name + " is to be restarted; a successor starts first");
    case NoticeKind::quarantine_started:
      return line(LogLevel::warning,
                  words.name +
                      " has a handler that takes longer than --timeout-request: it takes nothing "
                      "more, finishes the others and leaves; a successor starts at once");
    case NoticeKind::recycle_aborted:
      return line(LogLevel::warning,
                  words.why + "; " + words.name + " goes on, next try in " + words.span);
    default:
      return {};
  }
}

}  // namespace prefork::master
