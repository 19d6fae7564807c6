#include "workers/selftest/tested_server.h"

#include <fcntl.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <csignal>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <nlohmann/json.hpp>
#include <sstream>
#include <system_error>
#include <thread>
#include <utility>

#include "ipc/base/interruption.h"
#include "workers/control/server_link.h"
#include "workers/observer/proc_usage.h"

namespace prefork::selftest {

namespace {

constexpr const char* kLog = "log";
constexpr const char* kControl = "control.sock";
constexpr const char* kConfiguration = "prefork.toml";
constexpr const char* kProgram = "prefork-server";
constexpr std::size_t kLogEndBytes = 2000;

std::filesystem::path make_folder() {
  std::string path = (std::filesystem::temp_directory_path() / "prefork-selftest-XXXXXX").string();
  if (::mkdtemp(path.data()) == nullptr) {
    throw std::system_error(errno, std::generic_category(), "cannot make " + path);
  }
  return path;
}

std::string whole_file(const std::string& path) {
  std::ostringstream text;
  text << std::ifstream(path).rdbuf();
  return text.str();
}

std::string of_process(pid_t pid, const char* name) {
  return whole_file("/proc/" + std::to_string(pid) + "/" + name);
}

// proc(5), /proc/pid/stat: "pid (name) state ppid pgrp ...", and a name may have brackets in it.
struct ProcessState {
  char state = 0;
  pid_t group = 0;
};
ProcessState state_of(pid_t pid) {
  const std::string text = of_process(pid, "stat");
  const std::size_t end = text.rfind(')');
  ProcessState state;
  if (end != std::string::npos) {
    int parent = 0;
    std::sscanf(text.c_str() + end + 1, " %c %d %d", &state.state, &parent, &state.group);
  }
  return state;
}

std::vector<pid_t> group_members(pid_t group, bool ended) {
  std::vector<pid_t> members;
  for (const auto& entry : std::filesystem::directory_iterator("/proc")) {
    const pid_t pid = std::atoi(entry.path().filename().c_str());
    if (pid <= 0) continue;
    const ProcessState state = state_of(pid);
    const bool has_ended = state.state == 'Z' || state.state == 'X';
    if (state.group == group && has_ended == ended) {
      members.push_back(pid);
    }
  }
  return members;
}

}  // namespace

bool is_ready(const Json& worker) { return worker["state"] == "ready"; }

std::size_t ready_workers(const Json& report) {
  const Json& workers = report["workers"];
  return static_cast<std::size_t>(std::count_if(workers.begin(), workers.end(), is_ready));
}

TestedServer::TestedServer(int workers, std::vector<std::string> options)
    : workers_(workers), folder_(make_folder()) {
  write_configuration(false);
  install(false);
  std::vector<std::string> all{in_folder(kProgram), "--config", in_folder(kConfiguration),
                               "--control", in_folder(kControl), "--port", "0", "--admin",
                               "unix:" + in_folder("admin.sock"), "--workers",
                               std::to_string(workers),
                               // What is killed here is not the fault of a route.
                               "--limit-route-deaths", "0", "--timeout-worker-healthcheck", "1s"};
  if (::geteuid() == 0) {
    all.insert(all.end(), {"--user", "root"});
  }
  all.insert(all.end(), std::make_move_iterator(options.begin()),
             std::make_move_iterator(options.end()));
  start(all);
}

TestedServer::~TestedServer() {
  if (pid_ > 0) {
    ::kill(-pid_, SIGKILL);
    ::waitpid(pid_, nullptr, 0);
  }
  std::error_code ignored;
  std::filesystem::remove_all(folder_, ignored);
}

void TestedServer::start(const std::vector<std::string>& options) {
  std::vector<char*> arguments;
  for (const std::string& option : options) {
    arguments.push_back(const_cast<char*>(option.c_str()));
  }
  arguments.push_back(nullptr);
  const std::string log = in_folder(kLog);
  pid_ = ::fork();
  if (pid_ < 0) {
    throw std::system_error(errno, std::generic_category(), "cannot fork");
  }
  if (pid_ == 0) {
    ::setpgid(0, 0);
    ::prctl(PR_SET_PDEATHSIG, SIGTERM);
    const int fd = ::open(log.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    ::dup2(fd, STDOUT_FILENO);
    ::dup2(fd, STDERR_FILENO);
    ::execv(arguments[0], arguments.data());
    ::_exit(127);
  }
  ::setpgid(pid_, pid_);
}

bool TestedServer::has_ended() const {
  siginfo_t info{};
  return ::waitid(P_PID, static_cast<id_t>(pid_), &info, WEXITED | WNOHANG | WNOWAIT) != 0 ||
         info.si_pid != 0;
}

config::Result<std::chrono::milliseconds> TestedServer::wait_until(
    const std::function<bool(const Json&)>& wanted) {
  const auto start = std::chrono::steady_clock::now();
  for (;;) {
    const auto report = look();
    const auto passed = std::chrono::duration_cast<std::chrono::milliseconds>(
        std::chrono::steady_clock::now() - start);
    if (report.ok() && wanted(report.value())) {
      return passed;
    }
    if (has_ended()) {
      return config::Problem{"it has ended"};
    }
    if (ipc::is_interrupted()) {
      return config::Problem{"interrupted"};
    }
    if (passed > kServerPatience) {
      return config::Problem{"not within " + std::to_string(kServerPatience.count()) + " s" +
                             (report.ok() ? "" : ": " + report.problem().text)};
    }
    std::this_thread::sleep_for(kBetweenLooks);
  }
}

config::Result<void> TestedServer::wait_until_ready() {
  const auto waited = wait_until([&](const Json& report) {
    const Json::json_pointer first("/server/listeners/0");
    const std::string url = report.contains(first) ? report[first].get<std::string>() : "";
    const std::size_t colon = url.rfind(':');
    if (colon != std::string::npos) {
      std::from_chars(url.data() + colon + 1, url.data() + url.size(), port_);
    }
    return ready_workers(report) >= static_cast<std::size_t>(workers_);
  });
  return waited.ok() ? config::Result<void>()
                     : config::Problem{"the server is not ready: " + waited.problem().text};
}

config::Result<std::string> TestedServer::ask(ipc::CommandKind kind, std::uint32_t argument) {
  const control::Deadline deadline = control::ControlClock::now() + kServerPatience;
  auto link = control::ServerLink::open(in_folder(kControl), deadline);
  if (!link.ok()) {
    return config::Problem{link.problem().text};
  }
  auto answer = link.value().ask(kind, argument, deadline);
  if (!answer.ok()) {
    return config::Problem{answer.problem().text};
  }
  return std::move(answer).value();
}

config::Result<std::chrono::milliseconds> TestedServer::order(ipc::CommandKind kind,
                                                              std::uint32_t argument) {
  const auto start = std::chrono::steady_clock::now();
  if (const auto answer = ask(kind, argument); !answer.ok()) {
    return answer.problem();
  }
  return std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::steady_clock::now() -
                                                               start);
}

config::Result<Json> TestedServer::look() {
  const auto answer = ask(ipc::CommandKind::statistics, 0);
  if (!answer.ok()) {
    return answer.problem();
  }
  Json report = Json::parse(answer.value(), nullptr, false);
  if (report.is_discarded() || !report.contains("workers")) {
    return config::Problem{"the statistics are not understood"};
  }
  return report;
}

void TestedServer::write_configuration(bool is_broken) {
  std::ofstream file(folder_ / kConfiguration, std::ios::trunc);
  file << (is_broken ? "no_such_option = 1\n" : "timeout_keep_alive = \"60s\"\n");
}

void TestedServer::install(bool is_broken) {
  const std::filesystem::path next = folder_ / "next";
  std::filesystem::create_symlink(
      is_broken ? folder_ / kConfiguration : std::filesystem::read_symlink("/proc/self/exe"), next);
  std::filesystem::rename(next, folder_ / kProgram);
}

pid_t TestedServer::find(const std::string& title) const {
  for (const pid_t pid : processes()) {
    if (of_process(pid, "cmdline").find(title) != std::string::npos) {
      return pid;
    }
  }
  return 0;
}

std::vector<pid_t> TestedServer::processes() const { return group_members(pid_, false); }
std::vector<pid_t> TestedServer::zombies() const { return group_members(pid_, true); }

std::size_t TestedServer::descriptors_of_master() const {
  std::error_code error;
  const std::filesystem::directory_iterator entries("/proc/" + std::to_string(pid_) + "/fd", error);
  return static_cast<std::size_t>(std::distance(begin(entries), end(entries)));
}

std::uint64_t TestedServer::resident_bytes_of_master() const {
  const auto usage = observer::read_proc_usage(pid_);
  return usage ? usage->resident_bytes : 0;
}

int TestedServer::stop() {
  ::kill(pid_, SIGTERM);
  const auto end = std::chrono::steady_clock::now() + kServerPatience;
  int status = 0;
  while (::waitpid(pid_, &status, WNOHANG) == 0) {
    if (std::chrono::steady_clock::now() > end) {
      return -1;
    }
    std::this_thread::sleep_for(kBetweenLooks);
  }
  // The group keeps its number while anything of it is left.
  const bool is_alone = processes().empty();
  if (is_alone) pid_ = -1;
  return is_alone && WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

std::string TestedServer::log_end() const {
  std::string log = whole_file(in_folder(kLog));
  if (log.size() > kLogEndBytes) {
    log.erase(0, log.size() - kLogEndBytes);
    log.erase(0, log.find('\n') + 1);
  }
  return log;
}

}  // namespace prefork::selftest
