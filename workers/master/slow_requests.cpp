#include "workers/master/slow_requests.h"

#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <csignal>
#include <utility>

#include "ipc/base/monotonic.h"
#include "ipc/log/line_sink.h"
#include "workers/master/json_line.h"
#include "workers/master/thread_look.h"

namespace prefork::master {

namespace {

using std::chrono::milliseconds;

constexpr milliseconds kAtMostEvery{1'000};
constexpr milliseconds kAnswerPatience{200};
constexpr milliseconds kAnswerPause{10};
// So often within the time after which a request is slow, while one runs.
constexpr int kLooksPerTime = 4;
constexpr std::size_t kRemembered = 1'024;
constexpr std::size_t kMaxFunctions = 64;
constexpr std::size_t kMaxFunctionBytes = 160;
constexpr std::string_view kOtherFunctions = "(others)";
constexpr std::size_t kMaxLineBytes = ipc::LineSink::kMaxLineBytes - 512;

// When the request that some thread has had for longest began; 0: no thread has one.
std::uint64_t oldest_of(const ipc::WorkerRecord& record) {
  std::uint64_t oldest = record.loop_request.started_ns();
  for (std::uint32_t i = 0; i < ipc::kMaxPoolThreads; ++i) {
    if (record.trace.pool_thread_ids[i].load(std::memory_order_relaxed) == 0) {
      continue;
    }
    const std::uint64_t started = record.pool_requests[i].started_ns();
    oldest = oldest == 0 || (started != 0 && started < oldest) ? started : oldest;
  }
  return oldest;
}

// Until the next look: when that one has become slow, if that is sooner than regularly.
milliseconds pause_after(std::uint64_t started_ns, std::uint64_t now_ns, milliseconds slow) {
  const std::uint64_t slow_at_ns = started_ns + ipc::to_ns(slow);
  const milliseconds regular = slow / kLooksPerTime;
  if (now_ns >= slow_at_ns) {
    return regular;
  }
  const std::chrono::nanoseconds left(slow_at_ns - now_ns);
  return std::min(regular, std::chrono::ceil<milliseconds>(left));
}

bool is_candidate(const ipc::RequestInFlight& one) {
  const bool has_thread = one.pool_thread.has_value() || one.is_on_loop;
  return one.request.phase ==
         (has_thread ? ipc::RequestPhase::handling : ipc::RequestPhase::deferred);
}

std::int32_t thread_of(const ipc::WorkerRecord& record, supervision::Pid pid,
                       const ipc::RequestInFlight& one) {
  if (one.is_on_loop) {
    return pid;
  }
  return one.pool_thread
             ? record.trace.pool_thread_ids[*one.pool_thread].load(std::memory_order_relaxed)
             : 0;
}

}  // namespace

void SlowRequests::look(const supervision::Supervisor& supervisor, TimePoint now) {
  deadline_.reset();
  for (const ipc::Place at : supervisor.places()) {
    const supervision::Seat& seat = supervisor.seat(at);
    const bool serves =
        seat.state == ipc::ProcessState::ready || seat.state == ipc::ProcessState::draining;
    if (at.slot < parts_.segment.slot_capacity() && seat.pid && serves) {
      look_at(at, seat, now);
    }
  }
}

SlowRequests::Watched& SlowRequests::watched(ipc::Place at, const supervision::Seat& seat) {
  Watched& watched = watched_[at];
  if (watched.epoch != seat.epoch) {
    watched = {};
    watched.epoch = seat.epoch;
  }
  return watched;
}

void SlowRequests::look_at(ipc::Place at, const supervision::Seat& seat, TimePoint now) {
  const milliseconds slow = parts_.plans.at(seat.generation).options.processes.slow_request;
  Watched& watched = this->watched(at, seat);
  if (watched.asked) {
    return take_answer(at, seat, watched, now);
  }
  if (slow.count() == 0) {
    return;
  }
  const ipc::WorkerRecord& record = parts_.segment.record(at);
  const std::uint64_t now_ns = ipc::monotonic_ns();
  const auto is_slow = [&](std::uint64_t started_ns) {
    return started_ns != 0 && now_ns > started_ns && now_ns - started_ns >= ipc::to_ns(slow);
  };
  const std::uint64_t oldest = oldest_of(record);
  const bool may_be_deferred = !record.unfinished_requests.boxes().empty();
  if (oldest != 0) {
    wake_at(now + pause_after(oldest, now_ns, slow));
  }
  const bool may_tell = !watched.told_at || now - *watched.told_at >= kAtMostEvery;
  if (!may_tell || (!is_slow(oldest) && !may_be_deferred)) {
    return;
  }
  for (const ipc::RequestInFlight& one : ipc::read_requests_in_flight(record).named) {
    const std::uint64_t id = one.request.request_id;
    const bool is_told =
        std::find(watched.told.begin(), watched.told.end(), id) != watched.told.end();
    if (!is_told && is_candidate(one) && is_slow(one.request.started_ns)) {
      return begin(at, seat, {.one = one, .until = {}}, now);
    }
  }
}

std::vector<ipc::RequestInFlight> SlowRequests::name_stuck(ipc::Place at,
                                                           const supervision::Seat& seat,
                                                           TimePoint now) {
  const milliseconds limit = parts_.plans.at(seat.generation).options.timeouts.request;
  const std::uint64_t now_ns = ipc::monotonic_ns();
  std::vector<ipc::RequestInFlight> stuck;
  for (ipc::RequestInFlight& one : ipc::read_requests_in_flight(parts_.segment.record(at)).named) {
    if (one.pool_thread && is_candidate(one) &&
        now_ns >= one.request.started_ns + ipc::to_ns(limit)) {
      stuck.push_back(std::move(one));
    }
  }
  std::sort(stuck.begin(), stuck.end(), [](const auto& left, const auto& right) {
    return left.request.started_ns < right.request.started_ns;
  });
  for (const ipc::RequestInFlight& one : stuck) {
    const Asked asked{.one = one, .delay = Narrator::Delay::stuck, .until = {}};
    &one == &stuck.front() ? begin(at, seat, asked, now) : tell(at, seat, asked, {});
  }
  return stuck;
}

void SlowRequests::begin(ipc::Place at, const supervision::Seat& seat, const Asked& asked,
                         TimePoint now) {
  const ipc::RequestInFlight& one = asked.one;
  ipc::WorkerRecord& record = parts_.segment.record(at);
  Watched& watched = this->watched(at, seat);
  watched.told_at = now;
  if (watched.told.size() == kRemembered) {
    watched.told.erase(watched.told.begin());
  }
  watched.told.push_back(one.request.request_id);
  const std::int32_t thread = thread_of(record, *seat.pid, one);
  const ThreadLook look = thread > 0 ? look_at_thread(*seat.pid, thread) : ThreadLook{};
  if (look.kind == ThreadLook::Kind::waits) {
    return tell(at, seat, asked, scan_stack(*seat.pid, look, record.trace.objects.get()));
  }
  // It may name any thread, but the kernel looks for it among those of the worker.
  if (look.kind == ThreadLook::Kind::interruptible) {
    const std::uint32_t question = record.trace.sample.ask(thread);
    if (::syscall(SYS_tgkill, *seat.pid, thread, SIGURG) == 0) {
      watched.asked = Asked{one, asked.delay, question, now + kAnswerPatience};
      return wake_at(now + kAnswerPause);
    }
  }
  tell(at, seat, asked, {});
}

void SlowRequests::take_answer(ipc::Place at, const supervision::Seat& seat, Watched& watched,
                               TimePoint now) {
  const auto answer = parts_.segment.record(at).trace.sample.answer(watched.asked->question);
  if (!answer && now < watched.asked->until) {
    return wake_at(now + kAnswerPause);
  }
  const Asked asked = *std::exchange(watched.asked, std::nullopt);
  tell(at, seat, asked, answer.value_or(std::vector<std::uint64_t>()));
}

void SlowRequests::tell(ipc::Place at, const supervision::Seat& seat, const Asked& asked,
                        const std::vector<std::uint64_t>& stack) {
  Line line = parts_.narrator.is_slow(at, seat.pid, asked.one, ipc::monotonic_ns(), asked.delay);
  const std::string& application = parts_.plans.at(seat.generation).options.target.path;
  parts_.name_frames(
      stack_frames(stack, parts_.segment.record(at).trace.objects.get()), seat.generation,
      [this, line = std::move(line), application](const std::vector<StackFrame>& frames) mutable {
        std::string text = line.text;
        for (const StackFrame& frame : frames) {
          const std::string named = (&frame == &frames.front() ? "; in " : " < ") + to_text(frame);
          if (text.size() + named.size() > kMaxLineBytes) {
            break;
          }
          text += named;
        }
        parts_.log.write(line.level, text);
        const std::string top = top_frame(frames, application);
        if (!top.empty()) {
          count(top);
        }
      });
}

void SlowRequests::count(const std::string& function) {
  const std::string name = function.substr(0, kMaxFunctionBytes);
  const bool has_room = counts_.size() < kMaxFunctions || counts_.contains(name);
  ++counts_[has_room ? name : std::string(kOtherFunctions)];
  std::vector<std::pair<std::string, std::uint64_t>> sorted(counts_.begin(), counts_.end());
  std::stable_sort(sorted.begin(), sorted.end(),
                   [](const auto& left, const auto& right) { return left.second > right.second; });
  JsonLine json;
  json.begin_list({});
  for (const auto& [where, times] : sorted) {
    json.begin_object();
    json.text("function", where);
    json.number("count", times);
    json.end_object();
  }
  json.end_list();
  parts_.segment.header().slow_frames.add(json.take());
}

}  // namespace prefork::master
