#include "workers/master/diagnosis.h"

#include <fcntl.h>

#include <chrono>
#include <fstream>
#include <string>
#include <utility>

#include "ipc/base/monotonic.h"
#include "ipc/log/line_sink.h"

namespace prefork::master {

namespace {

using supervision::Clock;

// What stands before it in its line: time, level, process, and whose they are.
constexpr std::size_t kLinePrefixBytes = 160;
constexpr std::size_t kMaxLogBytes = ipc::LineSink::kMaxLineBytes - kLinePrefixBytes;

std::string core_pattern() {
  std::ifstream file("/proc/sys/kernel/core_pattern");
  std::string pattern;
  std::getline(file, pattern);
  return pattern;
}

}  // namespace

Diagnosis::Diagnosis(Parts parts)
    : parts_(parts),
      slow_requests_({parts_.segment, parts_.plans, parts_.narrator, parts_.log,
                      [this](auto stack, auto generation, auto done) {
                        name_frames(std::move(stack), generation, std::move(done));
                      }}) {}

std::optional<supervision::TimePoint> Diagnosis::deadline() const {
  const auto helper = symbolizer_.deadline();
  const auto look = slow_requests_.deadline();
  return helper && look ? std::min(*helper, *look) : (helper ? helper : look);
}

void Diagnosis::on_end(const supervision::action::Release& release) {
  // Who could not boot has said why, unless something ended it.
  const bool has_said_why =
      release.last.state == ipc::ProcessState::starting && release.exit.signal == 0;
  if (was_asked_for(release) || has_said_why) {
    return;
  }
  LastWords words = collect(release);
  std::vector<StackFrame> stack = std::move(words.stack);
  name_frames(std::move(stack), words.generation,
              [this, words, name = parts_.narrator.name_of(release.at, release.last.pid)](
                  const std::vector<StackFrame>& named) mutable {
                words.stack = named;
                tell(words, name);
              });
}

void Diagnosis::name_frames(std::vector<StackFrame> stack, supervision::Generation generation,
                            std::function<void(const std::vector<StackFrame>&)> done) {
  Symbolizer::Question asked = question(stack, generation);
  symbolizer_.ask(std::move(asked),
                  [stack = std::move(stack), done = std::move(done)](const auto& symbols) mutable {
                    take_symbols(stack, symbols);
                    done(stack);
                  });
}

LastWords Diagnosis::collect(const supervision::action::Release& release) {
  const std::uint32_t workers = parts_.segment.slot_capacity();
  LastWords words;
  words.slot = release.at.slot;
  words.pid = *release.last.pid;
  words.generation = release.last.generation;
  words.exit = release.exit;
  words.core_pattern = release.exit.core ? core_pattern() : "";
  words.at_realtime_ns = ipc::realtime_ns();
  words.age_ns = static_cast<std::uint64_t>(
      std::chrono::nanoseconds(Clock::now() - release.last.started).count());
  words.oom_kills = oom_kills_.take_new();
  words.at_work.now_ns = ipc::monotonic_ns();
  if (release.at.slot >= workers) {
    const bool is_observer = release.at.slot == workers;
    words.role = is_observer ? "observer" : "task";
    words.slot = is_observer ? 0 : release.at.slot - workers - 1;
    return words;
  }
  const ipc::WorkerRecord& record = parts_.segment.record(release.at);
  words.requests_served = parts_.publisher.requests_served(release.at);
  words.at_work.requests = parts_.publisher.requests_in_flight(release.at);
  words.at_work.part = parts_.publisher.part_at_work(release.at);
  words.finished = record.trace.finished.get();
  words.crash = record.trace.crash.get();
  if (words.crash) {
    words.stack = stack_frames(words.crash->stack, record.trace.objects.get());
  }
  return words;
}

// The file may have been replaced since; what the worker has loaded is still there.
Symbolizer::Question Diagnosis::question(const std::vector<StackFrame>& stack,
                                         supervision::Generation generation) const {
  Symbolizer::Question asked;
  asked.requests = requests_for(stack);
  const SharedPlan plan = parts_.plans.find(generation);
  if (plan != nullptr && plan->sealed_application.valid()) {
    asked.application_path = plan->options.target.path;
    asked.application = ipc::OwnedFd(::fcntl(plan->sealed_application.get(), F_DUPFD_CLOEXEC, 0));
  }
  return asked;
}

void Diagnosis::tell(const LastWords& words, const std::string& name) {
  parts_.log.warning("last words of " + name + ": " + to_json(words, kMaxLogBytes));
  parts_.segment.header().last_words.add(to_json(words, ipc::LastWordsRing::kMaxBytes));
}

}  // namespace prefork::master
