#include "workers/master/reload_history.h"

#include "ipc/base/monotonic.h"
#include "ipc/log/time_text.h"
#include "workers/master/json_line.h"

namespace prefork::master {

namespace {

constexpr auto kRelaxedOrder = std::memory_order_relaxed;
// With it the longest entry still fits, whatever of it has to be escaped.
constexpr std::size_t kMaxReasonBytes = 600;

}  // namespace

void ReloadHistory::note(const supervision::action::Notice& notice, std::string_view text) {
  using supervision::NoticeKind;
  switch (notice.kind) {
    case NoticeKind::reload_queued:
      return begin(notice.generation);
    case NoticeKind::reload_started:
      supersede(notice.generation);
      return begin(notice.generation);
    case NoticeKind::reload_finished:
      return end(notice.generation, "done", "");
    case NoticeKind::reload_aborted:
      return end(notice.generation, "given_up", notice.failure ? text : "the server is stopping");
    case NoticeKind::rollback_started:
      return end(notice.generation, "rolled_back", text);
    default:
      return;
  }
}

void ReloadHistory::begin(supervision::Generation generation) {
  const std::uint64_t upgrade_ns = notes_.upgrade_asked_ns.load(kRelaxedOrder);
  const bool is_upgrade = upgrade_ns != 0;
  // One that was queued is there already.
  courses_.try_emplace(generation,
                       Course{is_upgrade ? upgrade_ns : ipc::monotonic_ns(), is_upgrade});
}

void ReloadHistory::supersede(supervision::Generation by) {
  while (!courses_.empty() && courses_.begin()->first < by) {
    end(courses_.begin()->first, "superseded", "");
  }
}

void ReloadHistory::end(supervision::Generation generation, std::string_view outcome,
                        std::string_view why) {
  const auto found = courses_.find(generation);
  if (found == courses_.end()) {
    return;
  }
  const Course course = found->second;
  courses_.erase(found);
  if (!course.is_upgrade) {
    return tell(course, generation, outcome, why);
  }
  // What else becomes of an upgrade is told when the program before goes on.
  if (outcome == "done") {
    notes_.upgrade_asked_ns.store(0, kRelaxedOrder);
    tell(course, generation, outcome, why);
  }
}

void ReloadHistory::reload_refused(std::string_view why) {
  const std::uint64_t upgrade_ns = notes_.upgrade_asked_ns.load(kRelaxedOrder);
  if (upgrade_ns == 0) {
    tell({ipc::monotonic_ns(), false}, std::nullopt, "refused", why);
  }
}

void ReloadHistory::upgrade_asked() {
  notes_.upgrade_asked_ns.store(ipc::monotonic_ns(), kRelaxedOrder);
}

void ReloadHistory::end_upgrade(std::string_view outcome, std::string_view why) {
  const std::uint64_t asked_ns = notes_.upgrade_asked_ns.exchange(0, kRelaxedOrder);
  if (asked_ns != 0) {
    tell({asked_ns, true}, std::nullopt, outcome, why);
  }
}

void ReloadHistory::tell(const Course& course, std::optional<supervision::Generation> generation,
                         std::string_view outcome, std::string_view why) {
  const std::uint64_t now_ns = ipc::monotonic_ns();
  const std::uint64_t took_ns = now_ns > course.asked_ns ? now_ns - course.asked_ns : 0;
  ipc::TimeText time;
  JsonLine json;
  json.begin_object();
  json.text("time", time.rfc3339(ipc::realtime_ns() - took_ns));
  json.text("kind", course.is_upgrade ? "upgrade" : "reload");
  if (generation) {
    json.number("generation", *generation);
  } else {
    json.null("generation");
  }
  json.text("outcome", outcome);
  if (why.empty()) {
    json.null("reason");
  } else {
    json.text("reason", why, kMaxReasonBytes);
  }
  json.milliseconds("duration_ms", took_ns);
  json.end_object();
  notes_.history.add(json.take());
}

}  // namespace prefork::master
