// A supervisor with a clock turned by hand and processes that exist only as numbers. What the
// supervisor orders is written down as lines of text, so that a test reads as a transcript.
// Every Spawn is answered at once by Forked, unless the test makes forks fail or be silent.
#pragma once

#include <gtest/gtest.h>

#include <chrono>
#include <initializer_list>
#include <set>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <variant>
#include <vector>

#include "tests/unit/workers/supervision/supervisor_names.h"
#include "workers/supervision/supervisor.h"

namespace prefork::supervision {

using namespace std::chrono_literals;

constexpr int kCouldNotBoot = config::to_int(ExitCode::no_worker_booted);
constexpr int kApplicationFailed = config::to_int(ExitCode::application_failed);

using Transcript = std::vector<std::string>;

// The words with spaces between them; empty ones are left out.
inline std::string words(std::initializer_list<std::string_view> parts) {
  std::string text;
  for (const std::string_view part : parts) {
    if (!text.empty() && !part.empty()) text.push_back(' ');
    text.append(part);
  }
  return text;
}

inline std::string describe(Place at) {
  return std::to_string(at.slot).append(".").append(std::to_string(at.seat));
}

inline std::string describe(const Action& action) {
  return std::visit(
      [](const auto& a) -> std::string {
        using Kind = std::decay_t<decltype(a)>;
        if constexpr (std::is_same_v<Kind, action::Spawn>) {
          return words({"spawn", describe(a.at), "generation", std::to_string(a.generation)});
        } else if constexpr (std::is_same_v<Kind, action::Drain>) {
          return words({"drain", describe(a.at), name_of(a.why)});
        } else if constexpr (std::is_same_v<Kind, action::Kill>) {
          return words({"kill", describe(a.at), name_of(a.signal)});
        } else if constexpr (std::is_same_v<Kind, action::Compare>) {
          return words({"compare", describe(a.at)});
        } else if constexpr (std::is_same_v<Kind, action::Release>) {
          return words({"release", describe(a.at)});
        } else if constexpr (std::is_same_v<Kind, action::Notice>) {
          return words({"note", name_of(a.kind), a.at ? describe(*a.at) : std::string()});
        } else {
          return words({"finish", name_of(a.code)});
        }
      },
      action);
}

inline Transcript describe(const std::vector<Action>& actions) {
  Transcript lines;
  for (const Action& action : actions) lines.push_back(describe(action));
  return lines;
}

enum class Forks { succeed, fail, stay_unanswered };

class Harness {
 public:
  explicit Harness(const Settings& settings) : supervisor(settings), last_settings(settings) {}

  // Two workers of three possible ones and no observer, unless told otherwise.
  static Settings settings(std::uint32_t workers = 2, bool observer = false) {
    Settings s;
    s.boot_timeout = 5s;
    s.healthcheck_timeout = 4s;
    s.graceful_timeout = 8s;
    s.replaced_timeout = 8s;
    s.workers = workers;
    s.capacity = workers + 1;
    s.observer = observer;
    return s;
  }

  // Reports one event and everything the shell would report while carrying out the actions.
  Transcript on(const Event& event) {
    std::vector<Action> actions = supervisor.on(event, now);
    for (std::size_t i = 0; i < actions.size(); ++i) {
      const auto* spawn = std::get_if<action::Spawn>(&actions[i]);
      if (spawn == nullptr || forks == Forks::stay_unanswered) continue;
      const Place at = spawn->at;
      const std::vector<Action> more = forks == Forks::fail
                                           ? supervisor.on(event::ForkFailed{at, 11}, now)
                                           : supervisor.on(event::Forked{at, ++last_pid}, now);
      actions.insert(actions.end(), more.begin(), more.end());
    }
    seen.insert(seen.end(), actions.begin(), actions.end());
    return describe(actions);
  }

  Transcript start() { return on(event::Started{}); }
  Transcript tick() { return on(event::Tick{}); }
  Transcript ready(Place at) { return on(event::Ready{at, seat(at).epoch}); }
  Transcript recycle(Place at) { return on(event::Recycle{at, seat(at).epoch}); }
  Transcript exit(Place at, int code) { return on(event::Exited{pid(at), {code, 0, false}}); }
  Transcript crash(Place at, int signal = 11, std::uint32_t requests = 0) {
    Exit exit{0, signal, false};
    exit.requests = requests;
    return on(event::Exited{pid(at), exit});
  }
  Transcript terminate(Place at) {
    return on(event::Recycle{at, seat(at).epoch, RecycleReason::terminated});
  }
  Transcript get_stuck(Place at) {
    return on(event::Recycle{at, seat(at).epoch, RecycleReason::stuck});
  }
  Transcript stop() { return on(event::Stop{StopMode::graceful}); }
  Transcript stop_now() { return on(event::Stop{StopMode::now}); }
  Transcript reload(Generation generation, std::uint32_t workers) {
    Settings changed = last_settings;
    changed.workers = workers;
    return on(event::Reload{generation, changed});
  }

  // Everybody wanted is started and ready; what was said so far is forgotten.
  void serve() {
    start();
    for (std::uint32_t slot = 0; slot < supervisor.slots().size(); ++slot) {
      const auto at = supervisor.current(slot);
      if (at) ready(*at);
    }
    seen.clear();
  }

  // Lets time pass, ticking when asked to. Ready processes beat, but for those in `silent`.
  Transcript pass(Duration duration) {
    Transcript lines;
    const TimePoint end = now + duration;
    while (supervisor.next_deadline() && *supervisor.next_deadline() <= end) {
      now = std::max(now, *supervisor.next_deadline());
      for (const Transcript& more : {beat(), tick()}) {
        lines.insert(lines.end(), more.begin(), more.end());
      }
      if (supervisor.finished()) return lines;
      if (!supervisor.next_deadline() || *supervisor.next_deadline() > now) continue;
      ADD_FAILURE() << "the tick did not settle what was due";
      return lines;
    }
    now = end;
    const Transcript more = beat();
    lines.insert(lines.end(), more.begin(), more.end());
    return lines;
  }

  Transcript beat() {
    Transcript lines;
    for (std::uint32_t slot = 0; slot < supervisor.slots().size(); ++slot) {
      for (std::uint32_t index = 0; index < kSeatsPerSlot; ++index) {
        if (silent.contains({slot, index})) continue;
        const Transcript more = on(event::Beat{{slot, index}, now});
        lines.insert(lines.end(), more.begin(), more.end());
      }
    }
    return lines;
  }

  const Seat& seat(Place at) const { return supervisor.seat(at); }
  ProcessState state(Place at) const { return seat(at).state; }
  Pid pid(Place at) const { return seat(at).pid.value_or(999'999); }

  template <typename Kind>
  std::vector<Kind> all() const {
    std::vector<Kind> found;
    for (const Action& action : seen) {
      if (const auto* match = std::get_if<Kind>(&action)) found.push_back(*match);
    }
    return found;
  }
  template <typename Kind>
  Kind last() const {
    const std::vector<Kind> found = all<Kind>();
    return found.at(found.size() - 1);
  }
  std::vector<action::Notice> notices(NoticeKind kind) const {
    std::vector<action::Notice> found;
    for (const action::Notice& notice : all<action::Notice>()) {
      if (notice.kind == kind) found.push_back(notice);
    }
    return found;
  }

  struct Earlier {
    bool operator()(Place a, Place b) const {
      return std::pair(a.slot, a.seat) < std::pair(b.slot, b.seat);
    }
  };

  Supervisor supervisor;
  Settings last_settings;
  TimePoint now{1000s};
  Forks forks = Forks::succeed;
  Pid last_pid = 100;
  std::set<Place, Earlier> silent;
  std::vector<Action> seen;
};

inline Harness with(std::uint32_t workers, bool observer = false) {
  return Harness(Harness::settings(workers, observer));
}

// One that serves already.
struct Serving : Harness {
  explicit Serving(std::uint32_t workers, bool observer = false)
      : Harness(settings(workers, observer)) {
    serve();
  }
};

}  // namespace prefork::supervision
