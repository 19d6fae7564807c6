// A long random walk of the supervisor through a world of processes that boot, fail to boot, hang,
// crash, recycle and ignore signals, with an operator who reloads, resizes and stops. After each
// event the invariants of supervision are checked. PREFORK_TEST_SEED=<number> repeats another walk.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <iterator>
#include <map>
#include <memory>
#include <random>
#include <set>
#include <string>
#include <utility>

#include "tests/unit/workers/supervision/supervisor_harness.h"

namespace prefork::supervision {
namespace {

constexpr int kEvents = 100'000;
constexpr std::uint32_t kCapacity = 5;
constexpr std::uint32_t kTasks = 2;
constexpr int kMostAtOnce = 3;

struct Process {
  Pid pid = 0;
  Place at;
  Epoch epoch = 0;
  bool beats = true;
  bool asked_to_leave = false;
  std::optional<Signal> signal;
};

std::uint64_t seed_of_this_run() {
  const char* chosen = std::getenv("PREFORK_TEST_SEED");
  return chosen == nullptr ? 20'240'607 : std::strtoull(chosen, nullptr, 10);
}

// One master with its processes, from its start to its Finish.
class Life {
 public:
  Life(std::mt19937_64& random, std::map<std::string, int>& seen) : random_(random), seen_(seen) {
    stubborn_ = chance(10);
    forks_fail_ = chance(5);
    cannot_boot_percent_ = chance(20) ? 95 : 15;
    if (chance(30)) cursed_slot_ = static_cast<std::uint32_t>(below(3));
    report(event::Started{});
  }

  bool finished() const { return finished_; }
  int events() const { return events_; }

  // One random thing happens.
  void step() {
    if (chance(2)) take_over();
    const int dice = below(1000);
    if (dice < 450) return let_time_pass();
    if (dice < 900) return let_a_process_act();
    if (dice < 950) return report_nonsense();
    const std::uint32_t number = static_cast<std::uint32_t>(below(kCapacity + 2));
    if (dice < 953) return report(event::SetWorkers{number});
    if (dice < 957) return report(event::RestartSlot{number});
    if (dice < 960) return report(event::DrainSlot{number});
    if (dice < 975) return report(event::AddWorker{});
    if (dice < 990) return report(event::RemoveWorker{});
    Settings changed = settings();
    changed.workers = 1 + static_cast<std::uint32_t>(below(kCapacity + 1));
    changed.graceful_timeout = std::chrono::seconds{1 + below(10)};
    changed.at_once = 1 + static_cast<std::uint32_t>(below(kMostAtOnce));
    changed.soak = std::chrono::seconds{below(4)};
    report(event::Reload{++generation_, changed});
  }

  // From now on everything works. The supervisor must arrive at what is wanted by itself.
  void calm_down() {
    forks_fail_ = false;
    const TimePoint end = now_ + kFailedRetry * 4;
    while (now_ < end && !finished_) behave_until_next_tick();
    if (finished_ || supervisor_.stopping()) return;
    EXPECT_FALSE(supervisor_.reloading());
    EXPECT_FALSE(supervisor_.rolling_back());
    for (const auto& [pid, process] : processes_) {
      EXPECT_EQ(supervisor_.seat(process.at).generation, supervisor_.generation());
    }
    EXPECT_GE(workers_to_run(), 1U);
    EXPECT_EQ(supervisor_.ready_workers(), workers_to_run());
    EXPECT_EQ(processes_.size(), workers_to_run() + 1u + kTasks);
  }

  // Whatever the processes do, as long as SIGKILL ends them.
  void stop() {
    const Duration limit =
        supervisor_.settings().graceful_timeout + kObserverStopGrace + 2 * kAbortGrace;
    const TimePoint end = now_ + limit;
    report(event::Stop{chance(15) ? StopMode::now : StopMode::graceful});
    const bool polite = chance(40);
    while (!finished_ && now_ <= end) {
      if (polite) {
        behave_until_next_tick();
        continue;
      }
      if (chance(30)) let_a_process_act();
      if (!finished_ && chance(1)) report(event::Stop{StopMode::graceful});
      if (!finished_ && chance(3)) report(event::Reload{++generation_, settings()});
      reap_the_killed();
      if (!finished_ && chance(60)) tick_when_asked();
    }
    EXPECT_TRUE(finished_) << "not finished in time after Stop";
  }

 private:
  // Another supervisor goes on with what this one knows.
  void take_over() {
    if (supervisor_.stopping() || supervisor_.reloading() || supervisor_.rolling_back()) return;
    const Memory memory = supervisor_.memory();
    std::destroy_at(&supervisor_);
    std::construct_at(&supervisor_, memory);
    ++seen_["taken over"];
  }

  // Of those that are wanted, all but the drained ones.
  std::uint32_t workers_to_run() const {
    const auto& slots = supervisor_.slots();
    return static_cast<std::uint32_t>(
        std::count_if(slots.begin(), slots.begin() + supervisor_.workers(),
                      [](const Slot& slot) { return slot.want == Want::run; }));
  }

  static Settings settings() {
    Settings s;
    s.boot_timeout = 6s;
    s.healthcheck_timeout = 5s;
    s.graceful_timeout = 7s;
    s.workers = 3;
    s.capacity = kCapacity;
    s.tasks = kTasks;
    return s;
  }

  int below(int limit) { return std::uniform_int_distribution<int>(0, limit - 1)(random_); }
  bool chance(int percent) { return below(100) < percent; }
  void let_time_pass() {
    if (!chance(99)) {
      now_ += std::chrono::seconds{below(100)};  // the master was stopped
    } else if (chance(50)) {
      now_ += std::chrono::milliseconds{below(300)};
    } else {
      return tick_when_asked();
    }
    beat();
    if (!finished_) report(event::Tick{});
  }

  void tick_when_asked() {
    if (const auto due = supervisor_.next_deadline()) now_ = std::max(now_, *due);
    beat();
    if (finished_) return;
    report(event::Tick{});
    if (finished_) return;
    const auto next = supervisor_.next_deadline();
    ASSERT_TRUE(!next || *next > now_) << "the tick did not settle what was due";
  }

  void beat() {
    std::vector<Place> alive;
    for (const auto& [pid, process] : processes_) {
      if (process.beats) alive.push_back(process.at);
    }
    for (const Place at : alive) {
      if (!finished_) report(event::Beat{at, now_});
    }
  }

  void let_a_process_act() {
    if (processes_.empty()) return let_time_pass();
    const int chosen = below(static_cast<int>(processes_.size()));
    Process& process = std::next(processes_.begin(), chosen)->second;
    const ProcessState state = supervisor_.seat(process.at).state;
    if (process.signal) {
      if (process.signal == Signal::abort && (!process.beats || chance(30))) return;
      if (stubborn_ && !chance(20)) return;
      return die(process, {0, process.signal == Signal::kill ? 9 : 6, false});
    }
    const int dice = below(100);
    if (state == ProcessState::starting) {
      const bool cursed = process.at.slot == cursed_slot_ && dice < 95;
      if (cursed || dice < cannot_boot_percent_)
        return die(process, {chance(50) ? 3 : 4, 0, false});
      if (dice < 96) return report(event::Ready{process.at, process.epoch});
    }
    if (process.asked_to_leave && dice < 40) return die(process, {0, 0, false});
    if (dice < 5) process.beats = false;
    if (dice >= 5 && dice < 15) report(event::Recycle{process.at, process.epoch});
    if (dice >= 15 && dice < 20 && process.at.slot < kCapacity) {
      report(event::Recycle{process.at, process.epoch, RecycleReason::stuck});
    }
    if (dice >= 90) die(process, {chance(50) ? 1 : 0, chance(50) ? 11 : 0, true});
  }

  void behave_until_next_tick() {
    reap_the_killed();
    std::vector<Pid> pids;
    for (const auto& [pid, process] : processes_) pids.push_back(pid);
    for (const Pid pid : pids) {
      const auto found = processes_.find(pid);
      if (found == processes_.end() || finished_) continue;
      Process& process = found->second;
      if (process.asked_to_leave && process.beats) {
        die(process, {0, 0, false});
      } else if (supervisor_.seat(process.at).state == ProcessState::starting) {
        report(event::Ready{process.at, process.epoch});
      }
    }
    if (!finished_) tick_when_asked();
  }

  void reap_the_killed() {
    std::vector<Pid> killed;
    for (const auto& [pid, process] : processes_) {
      if (process.signal == Signal::kill) killed.push_back(pid);
    }
    for (const Pid pid : killed) {
      if (!finished_) die(processes_.at(pid), {0, 9, false});
    }
  }

  void die(const Process& process, Exit exit) {
    const auto found = std::find_if(processes_.begin(), processes_.end(),
                                    [&](const auto& entry) { return &entry.second == &process; });
    const Pid pid = found->first;
    const Place at = process.at;
    processes_.erase(found);
    to_release_.push_back(at);
    exit.requests = static_cast<std::uint32_t>(below(2));
    report(event::Exited{pid, exit});
  }

  // Facts that are late, doubled or mean nobody.
  void report_nonsense() {
    const Place at{static_cast<std::uint32_t>(below(kCapacity + 3)),
                   static_cast<std::uint32_t>(below(3))};
    const auto stale = static_cast<Epoch>(below(5));
    switch (below(6)) {
      case 0:
        return report(event::Ready{at, last_epoch_ + 1 + stale});
      case 1:
        return report(event::Recycle{at, last_epoch_ + 1 + stale});
      case 2:
        return report(event::Exited{last_pid_ + 1 + below(5), {}});
      case 3:
        return report(event::Forked{at, last_pid_ + 1 + below(5)});
      case 4:
        return report(event::ForkFailed{at, 11});
      default:
        return report(event::Started{});
    }
  }

  void report(const Event& event) {
    ++events_;
    ASSERT_FALSE(finished_);
    if (std::holds_alternative<event::Stop>(event)) stopped_ = true;
    orders_ = supervisor_.on(event, now_);
    for (std::size_t next = 0; next < orders_.size(); ++next) {
      const Action order = orders_[next];
      EXPECT_FALSE(finished_) << "an action after Finish: " << describe(order);
      ++seen_[describe_kind(order)];
      std::visit([this](const auto& action) { perform(action); }, order);
    }
    check();
  }

  void report_next(const Event& event) {
    const std::vector<Action> more = supervisor_.on(event, now_);
    orders_.insert(orders_.end(), more.begin(), more.end());
  }

  static std::string describe_kind(const Action& action) {
    if (const auto* notice = std::get_if<action::Notice>(&action)) {
      return std::string(name_of(notice->kind));
    }
    if (std::holds_alternative<action::Finish>(action)) return describe(action);
    return describe(action).substr(0, describe(action).find(' '));
  }

  bool lives_at(Place at) const {
    return std::any_of(processes_.begin(), processes_.end(),
                       [at](const auto& entry) { return entry.second.at == at; });
  }

  void perform(const action::Spawn& spawn) {
    EXPECT_FALSE(stopped_) << "a spawn after Stop";
    EXPECT_FALSE(lives_at(spawn.at)) << "a spawn into an occupied seat " << describe(spawn.at);
    EXPECT_GT(spawn.epoch, last_epoch_) << "an epoch twice";
    last_epoch_ = spawn.epoch;
    if (forks_fail_ && chance(50)) {
      to_release_.push_back(spawn.at);
      return report_next(event::ForkFailed{spawn.at, 11});
    }
    const Pid pid = ++last_pid_;
    processes_[pid] = Process{.pid = pid, .at = spawn.at, .epoch = spawn.epoch, .signal = {}};
    report_next(event::Forked{spawn.at, pid});
  }
  void perform(const action::Drain& drain) {
    for (auto& [pid, process] : processes_) {
      if (process.at != drain.at) continue;
      EXPECT_FALSE(process.asked_to_leave) << "asked to leave twice";
      process.asked_to_leave = true;
      return;
    }
    ADD_FAILURE() << "a drain of the vacant seat " << describe(drain.at);
  }
  void perform(const action::Kill& kill) {
    const auto found = processes_.find(kill.pid);
    ASSERT_NE(found, processes_.end()) << "a signal to a pid that is reaped";
    EXPECT_EQ(found->second.at, kill.at);
    found->second.signal = kill.signal;
  }
  void perform(const action::Release& release) {
    EXPECT_EQ(std::erase(to_release_, release.at), 1u) << "a release of a seat that is not gone";
  }
  void perform(const action::Compare& compare) {
    EXPECT_TRUE(lives_at(compare.at));
    report_next(event::Compared{compare.at, compare.epoch, chance(50)});
  }
  void perform(const action::Notice&) {}
  void perform(const action::Finish& finish) {
    EXPECT_TRUE(processes_.empty()) << "finished before its processes";
    const bool as_asked = finish.code == ExitCode::stopped || finish.code == ExitCode::requests_cut;
    EXPECT_TRUE(!as_asked || stopped_);
    EXPECT_EQ(finish.reason.has_value(), !as_asked);
    finished_ = true;
  }

  void check() const {
    EXPECT_TRUE(to_release_.empty()) << "a process is gone and was not released";
    std::set<Pid> pids;
    std::uint32_t replacements = 0;
    for (const Slot& slot : supervisor_.slots()) {
      std::uint32_t current = 0;
      std::uint32_t retiring = 0;
      for (const Seat& seat : slot.seats) {
        check_seat(seat);
        if (seat.pid) pids.insert(*seat.pid);
        current += seat.part == Part::current ? 1 : 0;
        retiring += seat.part == Part::retiring ? 1 : 0;
        replacements += seat.part == Part::replacement ? 1 : 0;
      }
      EXPECT_LE(current, slot.want == Want::drain ? 0u : 1u);
      EXPECT_TRUE(slot.want != Want::run || current == 1 || retiring == kSeatsPerSlot);
    }
    EXPECT_LE(replacements, std::uint32_t{kMostAtOnce});
    EXPECT_TRUE(supervisor_.stopping() || fault_of(supervisor_.memory()).empty())
        << fault_of(supervisor_.memory());
    std::set<Pid> alive;
    std::size_t leaving = 0;
    for (const auto& [pid, process] : processes_) {
      alive.insert(pid);
      if (supervisor_.seat(process.at).part == Part::retiring) ++leaving;
    }
    EXPECT_EQ(pids, alive);
    EXPECT_LE(alive.size(), supervisor_.workers() + 1 + kTasks + replacements + leaving)
        << "more than target + surge";
    EXPECT_TRUE(finished_ || alive.empty() || supervisor_.next_deadline());
  }

  void check_seat(const Seat& seat) const {
    const ProcessState state = seat.state;
    const bool leaves = state == ProcessState::draining || state == ProcessState::killing;
    const bool timed = leaves || state == ProcessState::starting || state == ProcessState::failed;
    EXPECT_TRUE(!timed || seat.deadline) << to_string(state) << " without a deadline";
    EXPECT_TRUE(state != ProcessState::ready || !seat.deadline);
    EXPECT_EQ(state == ProcessState::vacant, seat.part == Part::none);
    EXPECT_TRUE(seat.part != Part::replacement || state == ProcessState::starting);
    EXPECT_TRUE(seat.part != Part::retiring || leaves);
    EXPECT_TRUE(seat.occupied() || !seat.pid) << "a pid without a process";
  }

  std::mt19937_64& random_;
  std::map<std::string, int>& seen_;
  Supervisor supervisor_{settings()};
  TimePoint now_{1000s};
  std::map<Pid, Process> processes_;
  std::vector<Action> orders_;     // being carried out
  std::vector<Place> to_release_;  // seats whose processes are gone
  Pid last_pid_ = 100;
  Epoch last_epoch_ = 0;
  Generation generation_ = 1;
  int events_ = 0;
  int cannot_boot_percent_ = 0;
  std::optional<std::uint32_t> cursed_slot_;  // its processes hardly ever boot
  bool stubborn_ = false;                     // even SIGKILL takes its time, until Stop
  bool forks_fail_ = false;
  bool stopped_ = false;
  bool finished_ = false;
};

TEST(SupervisorRandomWalk, KeepsItsInvariantsOverAHundredThousandEvents) {
  const std::uint64_t seed = seed_of_this_run();
  SCOPED_TRACE("PREFORK_TEST_SEED=" + std::to_string(seed));
  std::mt19937_64 random(seed);
  std::map<std::string, int> seen;
  int events = 0;
  while (events < kEvents && !HasFailure()) {
    Life life(random, seen);
    const int length = std::uniform_int_distribution<int>(10, 3000)(random);
    while (!life.finished() && life.events() < length && !HasFailure()) life.step();
    if (!life.finished() && length % 2 == 0) life.calm_down();
    if (!life.finished()) life.stop();
    events += life.events();
  }

  // A walk that never came to these places has shown little.
  for (const char* kind : {"spawn",
                           "drain",
                           "kill",
                           "release",
                           "silent",
                           "boot_deadline_passed",
                           "drain_deadline_passed",
                           "still_there",
                           "boot_failed",
                           "restart_delayed",
                           "slot_failed",
                           "reload_queued",
                           "reload_started",
                           "reload_finished",
                           "reload_aborted",
                           "rollback_started",
                           "rollback_delayed",
                           "rollback_finished",
                           "recycle_started",
                           "recycle_aborted",
                           "quarantine_started",
                           "cannot_add_worker",
                           "cannot_remove_worker",
                           "overslept",
                           "finish stopped",
                           "finish requests_cut",
                           "finish no_worker_booted",
                           "finish application_failed"}) {
    EXPECT_GT(seen[kind], 0) << "the walk never saw: " << kind;
  }
}

}  // namespace
}  // namespace prefork::supervision
