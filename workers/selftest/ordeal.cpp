#include "workers/selftest/ordeal.h"

#include <algorithm>
#include <csignal>
#include <nlohmann/json.hpp>
#include <thread>
#include <utility>

namespace prefork::selftest {

namespace {

using std::chrono::milliseconds;

// Answers between two deeds: enough that each client has had some.
constexpr std::uint64_t kAnswersBetween = 40;
// A request may reach the socket of a worker that is dead and not reaped yet.
constexpr milliseconds kReapTime{20};
constexpr milliseconds kMoment{200};  // a pause that nobody may mind
constexpr std::size_t kSpareDescriptors = 4;
constexpr std::uint64_t kSpareBytes = std::uint64_t{8} << 20;

bool has_process(const Json& report, pid_t pid) {
  return std::any_of(report["workers"].begin(), report["workers"].end(),
                     [pid](const Json& worker) { return worker["pid"] == pid; });
}

bool is_told(const Json& report, pid_t pid) {
  const auto& words = report["last_words"];
  return std::any_of(words.begin(), words.end(),
                     [pid](const Json& one) { return one.value("pid", 0) == pid; });
}

std::string in_ms(milliseconds time) { return std::to_string(time.count()) + " ms"; }

// `done`, where it was: what comes before the time and behind it.
Outcome as_outcome(const config::Result<milliseconds>& took, const std::string& done,
                   const std::string& then = ", nothing lost") {
  return took.ok() ? Outcome{done + " in " + in_ms(took.value()) + then, true}
                   : Outcome{took.problem().text, false};
}

}  // namespace

Ordeal::Ordeal(TestedServer& server, Schedule& schedule)
    : server_(server),
      schedule_(schedule),
      crowd_(server.port()),
      workers_(server.workers()),
      descriptors_(server.descriptors_of_master()),
      resident_bytes_(server.resident_bytes_of_master()) {}

Outcome Ordeal::run(Deed deed) {
  ++tally_.deeds;
  if (!crowd_.wait_for_answers(kAnswersBetween)) {
    return {"the clients get no answers any more", false};
  }
  if (std::string wrong = judge_losses(nullptr); !wrong.empty()) {
    return {"before it: " + wrong, false};
  }
  Outcome outcome;
  switch (deed) {
    case Deed::kill_worker:
    case Deed::crash_worker:
    case Deed::hang_worker:
      return kill_worker(deed);
    case Deed::pause_worker: {
      const auto worker = choose_worker();
      outcome = worker.ok() ? pause_process(worker.value()["pid"].get<pid_t>())
                            : Outcome{worker.problem().text, false};
      break;
    }
    case Deed::pause_master:
      outcome = pause_process(server_.master());
      break;
    case Deed::kill_observer:
      outcome = kill_observer();
      break;
    case Deed::kill_fork_server:
      outcome = kill_fork_server();
      break;
    case Deed::reload:
    case Deed::broken_reload:
      outcome = replace_all(ipc::CommandKind::reload, deed == Deed::broken_reload);
      break;
    case Deed::upgrade:
    case Deed::broken_upgrade:
      outcome = replace_all(ipc::CommandKind::upgrade, deed == Deed::broken_upgrade);
      break;
    case Deed::scale:
      outcome = scale();
      break;
    case Deed::restart_worker:
      outcome = restart_worker();
      break;
  }
  for (std::string wrong : {judge_losses(nullptr), judge_statistics()}) {
    if (outcome.is_right && !wrong.empty()) {
      outcome = {outcome.text + "; " + wrong, false};
    }
  }
  return outcome;
}

config::Result<Json> Ordeal::choose_worker() {
  const auto report = server_.look();
  if (!report.ok()) {
    return report.problem();
  }
  std::vector<Json> ready;
  std::copy_if(report.value()["workers"].begin(), report.value()["workers"].end(),
               std::back_inserter(ready), is_ready);
  if (ready.empty()) {
    return config::Problem{"no worker is ready"};
  }
  return ready[schedule_.choose(static_cast<std::uint32_t>(ready.size()))];
}

config::Result<milliseconds> Ordeal::wait_until_replaced(pid_t gone) {
  return server_.wait_until([&](const Json& report) {
    return ready_workers(report) == static_cast<std::size_t>(workers_) &&
           !has_process(report, gone);
  });
}

Outcome Ordeal::kill_worker(Deed deed) {
  const auto worker = choose_worker();
  if (!worker.ok()) {
    return {worker.problem().text, false};
  }
  ++tally_.kills;
  Death death;
  death.pid = worker.value()["pid"].get<pid_t>();
  // Who comes meanwhile counts too.
  death.connections =
      worker.value()["connections"]["active"].get<std::uint64_t>() + Crowd::kNewcomers;
  death.before = Clock::now();
  const int signal = deed == Deed::kill_worker    ? SIGKILL
                     : deed == Deed::crash_worker ? SIGSEGV
                                                  : SIGSTOP;
  ::kill(death.pid, signal);
  const auto replaced = wait_until_replaced(death.pid);
  death.gone = Clock::now();
  if (!replaced.ok()) {
    return {"not replaced " + replaced.problem().text, false};
  }
  tally_.slowest_replacement = std::max(tally_.slowest_replacement, replaced.value());
  const auto told =
      server_.wait_until([&](const Json& report) { return is_told(report, death.pid); });
  if (!told.ok()) {
    return {"its last words are not told " + told.problem().text, false};
  }
  const std::uint64_t lost_before = tally_.lost;
  // Who has lost a request learns it at once; it is told by the next answers.
  if (!crowd_.wait_for_answers(kAnswersBetween)) {
    return {"the clients get no answers any more", false};
  }
  std::string wrong = judge_losses(&death);
  if (wrong.empty()) wrong = judge_statistics();
  const std::string lost = std::to_string(tally_.lost - lost_before);
  return {"replaced in " + in_ms(replaced.value()) + ", " + lost + " requests lost that it had" +
              (wrong.empty() ? "" : "; " + wrong),
          wrong.empty()};
}

Outcome Ordeal::pause_process(pid_t pid) {
  ::kill(pid, SIGSTOP);
  std::this_thread::sleep_for(kMoment);
  ::kill(pid, SIGCONT);
  const bool goes_on = crowd_.wait_for_answers(kAnswersBetween);
  return {goes_on ? "nothing lost" : "the clients get no answers any more", goes_on};
}

Outcome Ordeal::kill_observer() {
  const auto report = server_.look();
  if (!report.ok()) {
    return {report.problem().text, false};
  }
  const auto pid = report.value()["server"]["observer_pid"].get<pid_t>();
  ::kill(pid, SIGKILL);
  const auto replaced = server_.wait_until([pid](const Json& now) {
    return now["server"]["observer_pid"] != pid && now["server"]["observer_pid"] != 0;
  });
  return replaced.ok() ? as_outcome(replaced, "replaced", "")
                       : Outcome{"replaced " + replaced.problem().text, false};
}

// Whether it is there again is seen by the next worker that is needed.
Outcome Ordeal::kill_fork_server() {
  const pid_t pid = server_.find("fork server");
  if (pid <= 0) {
    return {"there is none", true};
  }
  ::kill(pid, SIGKILL);
  return {"nothing lost", true};
}

Outcome Ordeal::replace_all(ipc::CommandKind how, bool is_broken) {
  const auto prepare = [&](bool broken) {
    how == ipc::CommandKind::reload ? server_.write_configuration(broken) : server_.install(broken);
  };
  prepare(is_broken);
  const auto done = server_.order(how, 1);
  prepare(false);
  if (is_broken) {
    return {done.ok() ? "it was taken" : "refused, nothing lost", !done.ok()};
  }
  workers_ = server_.workers();  // as many as the configuration says
  return as_outcome(done, "done");
}

Outcome Ordeal::scale() {
  // Two less to two more, and not as many as there are.
  int workers = server_.workers() - 2 + static_cast<int>(schedule_.choose(4));
  workers += workers >= workers_ ? 1 : 0;
  const auto done = server_.order(ipc::CommandKind::scale, static_cast<std::uint32_t>(workers));
  if (done.ok()) workers_ = workers;
  return as_outcome(done, std::to_string(workers) + " serve");
}

Outcome Ordeal::restart_worker() {
  const auto worker = choose_worker();
  if (!worker.ok()) {
    return {worker.problem().text, false};
  }
  const auto slot = worker.value()["slot"].get<std::uint32_t>();
  return as_outcome(server_.order(ipc::CommandKind::restart, slot), "done");
}

std::string Ordeal::judge_losses(const Death* death) {
  const std::vector<Loss> losses = crowd_.take_losses();
  const auto is_excused = [death](const Loss& loss) {
    return death != nullptr && loss.sent <= death->gone + kReapTime &&
           loss.noticed >= death->before;
  };
  const auto wrong = std::find_if_not(losses.begin(), losses.end(), is_excused);
  if (wrong != losses.end()) {
    return "a request was lost that no dead worker had: " + wrong->problem;
  }
  if (death != nullptr && losses.size() > death->connections) {
    return std::to_string(losses.size()) + " requests were lost and the worker had " +
           std::to_string(death->connections) + " connections at most";
  }
  tally_.lost += losses.size();
  if (const std::uint64_t closed = crowd_.closed(); std::exchange(closed_seen_, closed) != closed) {
    return "a connection was closed that its client would have kept";
  }
  return "";
}

std::string Ordeal::judge_statistics() {
  const auto report = server_.look();
  if (!report.ok()) {
    return report.problem().text;
  }
  const auto requests = report.value()["totals"]["requests"].get<std::uint64_t>();
  if (requests < requests_seen_) {
    return "the total of requests went back";
  }
  requests_seen_ = requests;
  return "";
}

std::vector<std::string> Ordeal::finish() {
  crowd_.stop();
  std::vector<std::string> wrong;
  const auto check = [&wrong](bool is_right, const std::string& text) {
    if (!is_right) wrong.push_back(text);
  };
  // A worker that was left with the last of its connections may end just now.
  const auto reaped = server_.wait_until([&](const Json&) { return server_.zombies().empty(); });
  check(reaped.ok(), "a process has ended and was not reaped");
  const std::size_t descriptors = server_.descriptors_of_master();
  check(descriptors <= descriptors_ + kSpareDescriptors,
        "the master had " + std::to_string(descriptors_) + " descriptors and has " +
            std::to_string(descriptors));
  const std::uint64_t bytes = server_.resident_bytes_of_master();
  check(bytes <= resident_bytes_ + kSpareBytes,
        "the master has grown by " + std::to_string((bytes - resident_bytes_) >> 20) + " MiB");
  const int code = server_.stop();
  check(code == 0, "the server did not end with exit code 0 and all its processes");
  return wrong;
}

}  // namespace prefork::selftest
