#include "tests/support/server_process.h"

#include <fcntl.h>
#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <iostream>
#include <sstream>
#include <stdexcept>
#include <system_error>

#include "tests/support/processes.h"

namespace prefork::test {

namespace {

constexpr int kNotifyFd = 63;

bool has_any(const std::vector<std::string>& arguments,
             const std::vector<std::string_view>& options) {
  return std::any_of(arguments.begin(), arguments.end(), [&](const std::string& argument) {
    return std::find(options.begin(), options.end(), argument) != options.end();
  });
}

// As an option on the command line, or in a configuration file under its name there.
bool names(const std::vector<std::string>& arguments,
           const std::vector<std::string_view>& options) {
  if (has_any(arguments, options)) {
    return true;
  }
  const auto config = std::find(arguments.begin(), arguments.end(), "--config");
  if (config == arguments.end() || config + 1 == arguments.end()) {
    return false;
  }
  const std::string file = '\n' + read_file(*(config + 1));
  return std::any_of(options.begin(), options.end(), [&](std::string_view option) {
    std::string name(option.substr(2));
    std::replace(name.begin(), name.end(), '-', '_');
    return file.find('\n' + name + " =") != file.npos;
  });
}

ipc::OwnedFd make_pipe(ipc::OwnedFd& write_end) {
  std::array<int, 2> ends{};
  if (::pipe2(ends.data(), O_CLOEXEC) != 0) {
    throw std::system_error(errno, std::generic_category(), "pipe2");
  }
  write_end.reset(ends[1]);
  return ipc::OwnedFd(ends[0]);
}

}  // namespace

ServerProcess::ServerProcess(const std::vector<std::string>& arguments)
    : ServerProcess(launch_of(arguments)) {}

ServerProcess::ServerProcess(Launch launch)
    : notify_read_(make_pipe(notify_write_)),
      child_(completed(std::move(launch), folder_, notify_write_.get())) {
  notify_write_.reset();
  read_notification();
}

ServerProcess::~ServerProcess() {
  if (!child_.has_ended()) {
    // Asked nicely, because sanitizers report at a normal end only.
    send_signal(SIGTERM);
    send_signal(SIGCONT);
    child_.wait(kASecond * 5);
  }
  if (testing::Test::HasFailure()) {
    std::cerr << "--- what the server (pid " << pid() << ") wrote to standard error:\n" << log();
  }
}

Launch ServerProcess::completed(Launch launch, const TemporaryFolder& folder, int notify_fd) {
  std::vector<std::string>& arguments = launch.arguments;
  if (!launch.has_default_admin && !names(arguments, {"--admin"})) {
    arguments.insert(arguments.end(), {"--admin", "127.0.0.1:0"});
  }
  if (!names(arguments, {"--port", "--host", "--uds", "--fd", "--bind"}) &&
      !launch.environment.contains("LISTEN_FDS")) {
    arguments.insert(arguments.end(), {"--port", "0"});
  }
  // Or it would warn of what tests are meant to be.
  if (::geteuid() == 0 && !launch.user && !has_any(arguments, {"--config", "--user"})) {
    arguments.insert(arguments.end(), {"--user", "root"});
  }
  if (!launch.environment.contains("XDG_RUNTIME_DIR")) {
    launch.environment.try_emplace("PREFORK_CONTROL", "off");
  }
  // All tests with another way of making processes, where they leave that open.
  if (const char* const method = std::getenv("PREFORK_TEST_START_METHOD");
      method != nullptr && !names(arguments, {"--start-method", "--preload"})) {
    arguments.insert(arguments.end(), {"--start-method", method});
  }
  arguments.insert(arguments.end(), {"--notify-fd", std::to_string(kNotifyFd)});
  launch.descriptors[kNotifyFd] = notify_fd;
  // Who wants it elsewhere finds nothing in log().
  if (launch.stderr_path == Launch{}.stderr_path) {
    launch.stderr_path = folder / "stderr";
  }
  return launch;
}

void ServerProcess::read_notification() {
  const Deadline deadline(kPatience);
  std::array<char, 4096> room{};
  for (;;) {
    pollfd watched{notify_read_.get(), POLLIN, 0};
    if (::poll(&watched, 1, deadline.left_ms()) <= 0) {
      throw std::runtime_error("the server did not get ready in time; it said:\n" + log());
    }
    const ssize_t size = ::read(notify_read_.get(), room.data(), room.size());
    if (size <= 0) {
      break;  // the end: all was said, or the server has given up
    }
    notification_.append(room.data(), static_cast<std::size_t>(size));
  }
  std::istringstream lines(notification_);
  bool ready = false;
  for (std::string line; std::getline(lines, line);) {
    const std::size_t space = line.find(' ');
    const std::string word = line.substr(0, space);
    if (word == "listening") {
      urls_.push_back(line.substr(space + 1));
    } else if (word == "admin") {
      admin_url_ = line.substr(space + 1);
    }
    ready = line == "ready";
  }
  if (!ready || urls_.empty()) {
    child_.wait(kASecond);
    throw std::runtime_error("the server did not get ready; it said:\n" + log());
  }
}

void ServerProcess::send_signal(int signal) const { ::kill(pid(), signal); }
void ServerProcess::send_signal_to_group(int signal) const { ::kill(-pid(), signal); }

std::optional<Exit> ServerProcess::stop() {
  send_signal(SIGTERM);
  return wait_for_exit();
}

Json ServerProcess::statistics() const {
  const Reply reply = get(admin_url_, "/stats");
  if (reply.status != 200) {
    std::ostringstream text;
    text << "no statistics: " << reply;
    throw std::runtime_error(text.str());
  }
  return Json::parse(reply.body);
}

std::optional<Json> ServerProcess::statistics_if_any() const {
  const Reply reply = get(admin_url_, "/stats", kASecond);
  if (reply.status != 200) {
    return std::nullopt;
  }
  return Json::parse(reply.body);
}

std::map<int, pid_t> ServerProcess::worker_pids() const {
  std::map<int, pid_t> pids;
  const Json report = statistics();
  for (const Json& worker : report["workers"]) {
    if (worker["state"] == "ready") {
      pids[worker["slot"].get<int>()] = worker["pid"].get<pid_t>();
    }
  }
  return pids;
}

pid_t ServerProcess::worker_pid(int slot) const { return worker_pids().at(slot); }

bool ServerProcess::wait_for_statistics(const std::function<bool(const Json&)>& condition,
                                        Milliseconds within) const {
  return wait_until(
      [&] {
        const auto report = statistics_if_any();
        return report && condition(*report);
      },
      within);
}

// Exactly so many, all ready, and none on its way out.
bool ServerProcess::wait_for_workers(std::size_t count, Milliseconds within) const {
  return wait_for_statistics(
      [count](const Json& report) {
        const Json& workers = report["workers"];
        return workers.size() == count &&
               std::all_of(workers.begin(), workers.end(),
                           [](const Json& worker) { return worker["state"] == "ready"; });
      },
      within);
}

bool ServerProcess::wait_for_replacement(int slot, pid_t before, Milliseconds within) const {
  return wait_for_statistics(
      [&](const Json& report) {
        const Json& workers = report["workers"];
        return std::any_of(workers.begin(), workers.end(), [&](const Json& worker) {
          return worker["slot"] == slot && worker["state"] == "ready" && worker["pid"] != before;
        });
      },
      within);
}

std::string ServerProcess::log() const { return read_file(folder_ / "stderr"); }

testing::AssertionResult ServerProcess::has_logged(const std::vector<std::string>& texts,
                                                   Milliseconds within) const {
  const bool found = wait_until(
      [&] {
        std::istringstream lines(log());
        for (std::string line; std::getline(lines, line);) {
          if (std::all_of(texts.begin(), texts.end(), [&](const std::string& text) {
                return line.find(text) != std::string::npos;
              })) {
            return true;
          }
        }
        return false;
      },
      within);
  if (found) {
    return testing::AssertionSuccess();
  }
  auto failure = testing::AssertionFailure() << "no line of the log has all of";
  for (const std::string& text : texts) {
    failure << " '" << text << "'";
  }
  return failure;
}

std::size_t ServerProcess::times_logged(std::string_view text) const {
  const std::string all = log();
  std::size_t count = 0;
  for (std::size_t at = all.find(text); at != std::string::npos; at = all.find(text, at + 1)) {
    ++count;
  }
  return count;
}

testing::AssertionResult no_process_left(pid_t group, Milliseconds within) {
  if (wait_until([group] { return processes_of_group(group).empty(); }, within)) {
    return testing::AssertionSuccess();
  }
  auto failure = testing::AssertionFailure() << "still running:";
  for (const pid_t pid : processes_of_group(group)) {
    failure << " " << pid << " (" << title_of(pid) << ")";
  }
  return failure;
}

testing::AssertionResult no_zombie_stays(pid_t group, Milliseconds within) {
  if (wait_until([group] { return zombies_of_group(group).empty(); }, within)) {
    return testing::AssertionSuccess();
  }
  auto failure = testing::AssertionFailure() << "not reaped:";
  for (const pid_t pid : zombies_of_group(group)) {
    failure << " " << pid;
  }
  return failure;
}

FinishedRun run_to_the_end(Launch launch, Milliseconds within) {
  const TemporaryFolder folder;
  launch.stdout_path = folder / "stdout";
  launch.stderr_path = folder / "stderr";
  const TestClock::time_point start = TestClock::now();
  ChildProcess child(launch);
  FinishedRun run;
  run.group = child.pid();
  run.exit = child.wait(within);
  run.took = elapsed_since(start);
  run.out = read_file(launch.stdout_path);
  run.err = read_file(launch.stderr_path);
  return run;
}

std::map<int, int> active_connections(const Json& statistics) {
  std::map<int, int> active;
  for (const Json& worker : statistics["workers"]) {
    if (worker["state"] == "ready") {
      active[worker["slot"].get<int>()] = worker["connections"]["active"].get<int>();
    }
  }
  return active;
}

}  // namespace prefork::test
