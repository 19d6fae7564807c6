// Where and how willingly the kernel runs the workers.
#include <gtest/gtest.h>
#include <sched.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <set>
#include <string>
#include <vector>

#include "tests/support/server_process.h"

namespace prefork::test {
namespace {

std::string allowed_cpus_of(const std::filesystem::path& task) {
  std::ifstream status(task / "status");
  for (std::string line; std::getline(status, line);) {
    if (line.starts_with("Cpus_allowed_list:\t")) {
      return line.substr(line.find('\t') + 1);
    }
  }
  return "";
}

// Of all threads of a process.
std::set<std::string> allowed_cpus_of_threads(pid_t pid) {
  std::set<std::string> lists;
  const auto tasks = std::filesystem::path("/proc") / std::to_string(pid) / "task";
  for (const auto& task : std::filesystem::directory_iterator(tasks)) {
    lists.insert(allowed_cpus_of(task.path()));
  }
  return lists;
}

std::vector<unsigned> usable_cpus() {
  cpu_set_t mask;
  CPU_ZERO(&mask);
  ::sched_getaffinity(0, sizeof(mask), &mask);
  std::vector<unsigned> cpus;
  for (unsigned cpu = 0; cpu < CPU_SETSIZE; ++cpu) {
    if (CPU_ISSET(cpu, &mask)) {
      cpus.push_back(cpu);
    }
  }
  return cpus;
}

TEST(CpuAffinity, KeepsEachWorkerWithItsPoolOnItsCpus) {
  const std::vector<unsigned> cpus = usable_cpus();
  if (cpus.size() < 2) {
    GTEST_SKIP() << "takes two CPUs";
  }
  const std::string first = std::to_string(cpus[0]);
  const std::string second = std::to_string(cpus[1]);
  ServerProcess server({"--workers", "2", "--cpu-affinity", first + "," + second});
  for (int i = 0; i < 8; ++i) {
    get(server.url(), "/sleep?ms=1");  // pool threads start when they are needed
  }
  std::set<std::string> lists;
  for (const auto& [slot, pid] : server.worker_pids()) {
    const std::set<std::string> of_worker = allowed_cpus_of_threads(pid);
    EXPECT_EQ(of_worker.size(), 1u) << "all threads of a worker run on the same CPUs";
    lists.insert(*of_worker.begin());
  }
  // Or both on the two threads of one core, where they are.
  EXPECT_EQ(lists, (std::set<std::string>{first, second}));
  EXPECT_EQ(allowed_cpus_of_threads(server.pid()), allowed_cpus_of_threads(::getpid()))
      << "the master runs anywhere";
  EXPECT_TRUE(server.has_logged({"--cpu-affinity: each worker has a "}));

  // Its successor runs where it ran.
  const pid_t pid = server.worker_pid(0);
  const std::set<std::string> before = allowed_cpus_of_threads(pid);
  ::kill(pid, SIGKILL);
  ASSERT_TRUE(server.wait_for_statistics([&](const Json& report) {
    return report["workers"][0]["state"] == "ready" && report["workers"][0]["pid"] != pid;
  }));
  EXPECT_EQ(allowed_cpus_of_threads(server.worker_pid(0)), before);
  EXPECT_EQ(server.stop(), exit_code(0));
}

TEST(CpuAffinity, OfACpuThatMayNotBeUsedIsAConfigurationError) {
  const FinishedRun run =
      run_to_the_end(launch_of({"--port", "0", "--admin", "off", "--cpu-affinity", "8191"}));
  EXPECT_EQ(run.exit, exit_code(2)) << run.err;
  EXPECT_NE(run.err.find("--cpu-affinity: CPU 8191 cannot be used; this process may run on CPU"),
            std::string::npos)
      << run.err;
  EXPECT_EQ(std::count(run.err.begin(), run.err.end(), '\n'), 1) << run.err;
}

TEST(Nice, IsThatOfTheWorkersAndNotOfTheMaster) {
  ServerProcess server({"--workers", "2", "--nice", "7"});
  for (const auto& [slot, pid] : server.worker_pids()) {
    EXPECT_EQ(::getpriority(PRIO_PROCESS, static_cast<id_t>(pid)), 7);
  }
  EXPECT_EQ(::getpriority(PRIO_PROCESS, static_cast<id_t>(server.pid())),
            ::getpriority(PRIO_PROCESS, 0));
  EXPECT_EQ(server.stop(), exit_code(0));
}

TEST(Nice, ThatIsNotAllowedIsToldWithWhatItTakes) {
  if (::geteuid() != 0) {
    GTEST_SKIP() << "only root can start a program as somebody else";
  }
  Launch launch = launch_of({"--workers", "1", "--port", "0", "--admin", "off", "--nice", "-5"});
  launch.user = 64'321;
  const FinishedRun run = run_to_the_end(std::move(launch));
  EXPECT_EQ(run.exit, exit_code(3)) << run.err;
  EXPECT_NE(run.err.find("could not boot: --nice -5: Permission denied; a lower value than the "
                         "service has takes CAP_SYS_NICE or RLIMIT_NICE (LimitNICE=)"),
            std::string::npos)
      << run.err;
}

}  // namespace
}  // namespace prefork::test
