// Binary upgrade in place: another program goes on in the master's process, and no client notices;
// one that cannot is refused, or steps back.
#include <gtest/gtest.h>

#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <filesystem>
#include <set>

#include "tests/support/load.h"
#include "tests/support/processes.h"
#include "tests/support/server_process.h"
#include "tests/support/tested_build.h"

namespace prefork::test {
namespace {

// A server whose program is a name that leads to the real one, until something else is put there.
class Upgrades : public testing::Test {
 protected:
  Upgrades() { lead_to(server_binary()); }

  // At once, as a release is switched.
  void lead_to(const std::string& program) const {
    std::filesystem::create_symlink(program, program_ + ".new");
    std::filesystem::rename(program_ + ".new", program_);
  }
  void install(const std::string& content, mode_t mode = 0755) const {
    const std::string made = folder_.write("new", content);
    ASSERT_EQ(::chmod(made.c_str(), mode), 0);
    std::filesystem::rename(made, program_);
  }
  // Does what the real one does but where a master is to go on.
  void install_one_that_says_yes_and(const std::string& deed) const {
    install("#!/bin/sh\nif [ \"$1\" = --resume-check ]; then exec " + server_binary() +
            " \"$@\"; fi\n" + deed + "\n");
  }

  Launch launch(std::vector<std::string> arguments) const {
    arguments.insert(arguments.end(), {"--control", socket_});
    Launch launch = launch_of(arguments);
    launch.program = program_;
    return launch;
  }
  // As "code text", of standard error where there is any.
  std::string upgrade(const std::vector<std::string>& more = {"--wait"}) const {
    Launch launch;
    const std::string server = server_binary();
    launch.program = server.substr(0, server.rfind('/') + 1) + "preforkctl";
    launch.arguments = {"--socket", socket_, "upgrade"};
    launch.arguments.insert(launch.arguments.end(), more.begin(), more.end());
    const FinishedRun finished = run_to_the_end(std::move(launch), kPatience * 2);
    return std::to_string(finished.exit ? finished.exit->code : -1) + " " + finished.err;
  }

  const TemporaryFolder folder_;
  const std::string program_ = folder_ / "prefork-server";
  const std::string socket_ = folder_ / "control.sock";
};

std::set<pid_t> workers_of(const ServerProcess& server) {
  std::set<pid_t> pids;
  for (const auto& [slot, pid] : server.worker_pids()) {
    pids.insert(pid);
  }
  return pids;
}

bool have_one(const std::set<pid_t>& some, const std::set<pid_t>& others) {
  return std::any_of(some.begin(), some.end(), [&](pid_t pid) { return others.contains(pid); });
}

bool has_generation(const ServerProcess& server, int generation, std::size_t workers) {
  return server.wait_for_statistics([&](const Json& report) {
    const Json& all = report["workers"];
    return report["server"]["state"] == "running" && all.size() == workers &&
           std::all_of(all.begin(), all.end(), [&](const Json& worker) {
             return worker["generation"] == generation && worker["state"] == "ready";
           });
  });
}

std::size_t open_descriptors(pid_t pid) {
  const std::filesystem::directory_iterator all("/proc/" + std::to_string(pid) + "/fd");
  return static_cast<std::size_t>(std::distance(begin(all), end(all)));
}

TEST_F(Upgrades, ReplaceMasterAndWorkersUnderLoadWithoutAFailedRequest) {
  ServerProcess server(launch({"--workers", "4"}));
  const std::set<pid_t> before = workers_of(server);
  const Json started = server.statistics()["server"]["started_at"];
  Load load(server.url());
  ASSERT_TRUE(load.wait_for_answers(100));
  EXPECT_EQ(upgrade(), "0 ");
  EXPECT_FALSE(have_one(workers_of(server), before));
  ASSERT_TRUE(load.wait_for_answers(100));
  const LoadReport told = load.stop();
  EXPECT_TRUE(told.failures.empty()) << told.first_failures();
  EXPECT_EQ(told.connections, 8U) << "connections are handed on, not closed";
  ASSERT_TRUE(has_generation(server, 2, 4)) << server.statistics();
  const Json report = server.statistics();
  EXPECT_EQ(report["server"]["master_pid"], server.pid());
  EXPECT_EQ(report["server"]["started_at"], started);
  EXPECT_EQ(report["totals"]["requests"], told.answered) << "totals go on";
  EXPECT_EQ(title_of(server.pid()), "prefork-server: master");
  EXPECT_TRUE(server.has_logged({"master[", "every process is of the new program"}));
}

TEST_F(Upgrades, EachRequestHasOneLineInTheAccessLog) {
  const std::string access = folder_ / "access.log";
  ServerProcess server(
      launch({"--workers", "2", "--access-log", access, "--access-log-format", "$generation"}));
  Load load(server.url());
  ASSERT_TRUE(load.wait_for_answers(100));
  EXPECT_EQ(upgrade(), "0 ");
  ASSERT_TRUE(load.wait_for_answers(100));
  const LoadReport told = load.stop();
  EXPECT_TRUE(told.failures.empty()) << told.first_failures();
  EXPECT_EQ(server.stop(), exit_code(0));
  const std::string lines = read_file(access);
  EXPECT_EQ(static_cast<std::size_t>(std::count(lines.begin(), lines.end(), '\n')), told.answered);
  EXPECT_NE(lines.find("1\n"), std::string::npos);
  EXPECT_NE(lines.find("2\n"), std::string::npos);
}

TEST_F(Upgrades, FiveInARowBySignalLoseNothing) {
  ServerProcess server(launch({"--workers", "2"}));
  Load load(server.url(), {.keep_alive_clients = 16, .new_connection_clients = 4});
  ASSERT_TRUE(load.wait_for_answers(100));
  std::size_t descriptors = 0;
  for (int generation = 2; generation <= 6; ++generation) {
    server.send_signal(SIGUSR2);
    ASSERT_TRUE(has_generation(server, generation, 2)) << server.statistics();
    ASSERT_TRUE(load.wait_for_answers(50));
    descriptors = generation == 2 ? open_descriptors(server.pid()) : descriptors;
  }
  const LoadReport told = load.stop();
  EXPECT_TRUE(told.failures.empty()) << told.first_failures();
  EXPECT_EQ(server.statistics()["totals"]["requests"], told.answered);
  EXPECT_LE(open_descriptors(server.pid()), descriptors);
  EXPECT_TRUE(no_zombie_stays(server.pid()));
  EXPECT_EQ(server.stop(), exit_code(0));
  EXPECT_TRUE(no_process_left(server.pid()));
}

TEST_F(Upgrades, GoOnAsWhatLiesAtThePathByThen) {
  ServerProcess server(launch({"--workers", "1"}));
  const std::string copy = folder_ / "release-2";
  std::filesystem::copy_file(server_binary(), copy);
  lead_to(copy);
  EXPECT_EQ(upgrade({}), "0 ");
  const std::string running = "/proc/" + std::to_string(server.pid()) + "/exe";
  EXPECT_EQ(std::filesystem::read_symlink(running).string(), copy);
  ASSERT_TRUE(has_generation(server, 2, 1));
  lead_to(server_binary());
  EXPECT_EQ(upgrade(), "0 ") << "the name counts, not where it led";
  EXPECT_EQ(std::filesystem::read_symlink(running).string(),
            std::filesystem::canonical(server_binary()).string());
}

TEST_F(Upgrades, AProgramThatCannotGoOnIsRefusedWithTheReason) {
  ServerProcess server(launch({"--workers", "1"}));
  const std::set<pid_t> before = workers_of(server);
  const auto refused_with = [&](const std::string& reason) {
    const std::string told = upgrade();
    EXPECT_TRUE(told.starts_with("1 preforkctl: " + program_ + ": ")) << told;
    EXPECT_NE(told.find(reason), std::string::npos) << told << "\nnot: " << reason;
    EXPECT_TRUE(server.has_logged({"the upgrade was refused: ", reason}));
  };
  install("#!/bin/sh\nexit 0\n", 0644);
  if (::geteuid() != 0) refused_with("could not be started: Permission denied");
  install("this is no program\n");
  refused_with("could not be started: Exec format error");
  install("#!/bin/sh\nexit 0\n");
  refused_with("it did not say that it can go on");
  install("#!/bin/sh\necho 'no such feature' >&2\nexit 3\n");
  refused_with("it ended with exit code 3: no such feature");
  install("#!/bin/sh\nkill -SEGV $$\n");
  refused_with("it was ended by signal 11");
  install("#!/bin/sh\nexec " + server_binary() + " --resume-check 1 --no-such-option\n");
  refused_with("no-such-option");
  std::filesystem::remove(program_);
  refused_with("could not be started: No such file or directory");
  EXPECT_EQ(workers_of(server), before);
  EXPECT_EQ(get(server.url(), "/plaintext").status, 200);
  lead_to(server_binary());
  EXPECT_EQ(upgrade(), "0 ") << "nothing is left of those";
  EXPECT_EQ(server.stop(), exit_code(0));
}

TEST_F(Upgrades, WhatThereIsNoRoomForIsRefusedWithTheRemedy) {
  Launch limited = launch({"--workers", "1"});
  // Enough to serve, and not for all that is open to be opened once more beside.
  limited.limit_open_files = 40;
  ServerProcess server(limited);
  const std::string told = upgrade();
  EXPECT_TRUE(told.starts_with("1 preforkctl: ")) << told;
  EXPECT_NE(told.find("Too many open files (ulimit -n 40"), std::string::npos) << told;
  EXPECT_EQ(get(server.url(), "/plaintext").status, 200);
  EXPECT_EQ(server.stop(), exit_code(0));
}

TEST_F(Upgrades, AProgramThatHangsIsNotWaitedForByAnybodyElse) {
  const ServerProcess server(launch({"--workers", "1"}));
  install("#!/bin/sh\nexec sleep 60\n");
  Load load(server.url(), {.keep_alive_clients = 2, .new_connection_clients = 1});
  EXPECT_EQ(upgrade(),
            "1 preforkctl: " + program_ + ": it did not say within 10 s whether it can go on\n");
  const LoadReport told = load.stop();
  EXPECT_TRUE(told.failures.empty()) << told.first_failures();
  EXPECT_LT(told.slowest, kASecond);
}

TEST_F(Upgrades, AProgramThatSaysYesAndThenCannotGivesTheServiceBack) {
  ServerProcess server(launch({"--workers", "2"}));
  const std::set<pid_t> before = workers_of(server);
  Load load(server.url());
  ASSERT_TRUE(load.wait_for_answers(100));
  install_one_that_says_yes_and("exec " + server_binary() + " \"$@\" --no-such-option");
  const std::string told = upgrade();
  EXPECT_TRUE(told.starts_with("1 preforkctl: ")) << told;
  EXPECT_NE(told.find("no-such-option"), std::string::npos) << told;
  EXPECT_TRUE(server.has_logged({"the upgrade was given up: ", "the program before goes on"}));
  EXPECT_EQ(workers_of(server), before) << "nobody was replaced";
  lead_to(server_binary());
  EXPECT_EQ(upgrade(), "0 ");
  EXPECT_FALSE(have_one(workers_of(server), before));
  ASSERT_TRUE(load.wait_for_answers(100));
  const LoadReport report = load.stop();
  EXPECT_TRUE(report.failures.empty()) << report.first_failures();
  EXPECT_EQ(server.stop(), exit_code(0));
}

TEST_F(Upgrades, WhereNoProgramCanGoOnItIsSaidAndTheExitCodeTells) {
  ServerProcess server(launch({"--workers", "1"}));
  // The state is another one: the program before cannot read it either.
  install_one_that_says_yes_and("shift 2; exec " + server_binary() + " --resume 0 \"$@\"");
  upgrade({});
  EXPECT_EQ(server.wait_for_exit(), exit_code(1));
  EXPECT_TRUE(server.has_logged({"the upgrade failed, and no program can go on"}));
  EXPECT_TRUE(no_process_left(server.pid()));
}

TEST_F(Upgrades, WorkersThatCannotBootBringTheProgramBeforeBack) {
  const std::string file =
      folder_.write("server.toml", "app = \"" + test_app("hello") + "\"\nworkers = 2\n");
  ServerProcess server(launch({"--config", file, "--port", "0"}));
  const std::set<pid_t> before = workers_of(server);
  folder_.write("server.toml", "app = \"" + test_app("broken_3") + "\"\nworkers = 2\n");
  const std::string told = upgrade();
  EXPECT_TRUE(told.starts_with("1 preforkctl: ")) << told;
  EXPECT_NE(told.find("no licence file"), std::string::npos) << told;
  EXPECT_TRUE(server.has_logged({"the program before takes over again"}));
  EXPECT_TRUE(server.has_logged({"the program before goes on"}));
  EXPECT_EQ(workers_of(server), before);
  folder_.write("server.toml", "app = \"" + test_app("hello") + "\"\nworkers = 2\n");
  EXPECT_EQ(upgrade(), "0 ");
  EXPECT_EQ(server.stop(), exit_code(0));
}

TEST_F(Upgrades, ALaterWorkerThatCannotBootBringsTheProgramBeforeAndItsWorkersBack) {
  const TemporaryFolder boots;
  boots.write("open", "");
  boots.write("licences", "4");  // three workers, and one of the new program
  Launch limited = launch({test_app("boots"), "--workers", "3"});
  limited.environment["TEST_BOOTS"] = boots.path();
  ServerProcess server(limited);
  Load load(server.url(), {.path = "/", .expected_body = "served"});
  ASSERT_TRUE(load.wait_for_answers(50));
  const std::string told = upgrade();
  EXPECT_TRUE(told.starts_with("1 preforkctl: ")) << told;
  EXPECT_NE(told.find("no licence left"), std::string::npos) << told;
  EXPECT_TRUE(server.has_logged({"going back, as some processes are of the new program"}));
  boots.write("licences", "1000");
  ASSERT_TRUE(server.wait_for_statistics([](const Json& report) {
    const Json& workers = report["workers"];
    return report["server"]["state"] == "running" && workers.size() == 3 &&
           std::all_of(workers.begin(), workers.end(), [&](const Json& worker) {
             return worker["state"] == "ready" &&
                    worker["generation"] == report["server"]["generation"];
           });
  })) << server.statistics();
  EXPECT_EQ(upgrade(), "0 ");
  ASSERT_TRUE(load.wait_for_answers(50));
  const LoadReport report = load.stop();
  EXPECT_TRUE(report.failures.empty()) << report.first_failures();
  EXPECT_EQ(server.stop(), exit_code(0));
}

TEST_F(Upgrades, WithoutProcTheProgramCannotBeKeptAndNothingIsTried) {
  if (::geteuid() != 0) GTEST_SKIP() << "needs root";
  // spawn needs /proc itself.
  Launch hidden = launch({"--workers", "1", "--start-method", "fork"});
  hidden.without_proc = true;
  ServerProcess server(hidden);
  const std::string told = upgrade();
  EXPECT_TRUE(told.starts_with("1 preforkctl: ")) << told;
  EXPECT_NE(told.find("without /proc nobody knows where the program lies"), std::string::npos)
      << told;
  EXPECT_EQ(get(server.url(), "/plaintext").status, 200);
  EXPECT_EQ(server.stop(), exit_code(0));
}

TEST_F(Upgrades, AStopThatComesMeanwhileIsObeyed) {
  for (const bool takes_over : {false, true, true, true}) {
    ServerProcess server(launch({"--workers", "2"}));
    server.send_signal(SIGUSR2);
    if (takes_over) {
      ASSERT_TRUE(server.has_logged({"can go on, and takes over"}));
    }
    server.send_signal(SIGTERM);
    EXPECT_EQ(server.wait_for_exit(), exit_code(0)) << server.log();
    EXPECT_TRUE(no_process_left(server.pid()));
    EXPECT_FALSE(exists(socket_));
  }
}

TEST_F(Upgrades, AWorkerThatDiesMeanwhileIsMissed) {
  ServerProcess server(launch({"--workers", "2"}));
  for (int generation = 2; generation <= 4; ++generation) {
    const pid_t victim = server.worker_pid(1);
    server.send_signal(SIGUSR2);
    ASSERT_TRUE(wait_until([&] {
      return server.times_logged("can go on, and takes over") ==
             static_cast<std::size_t>(generation - 1);
    }));
    ::kill(victim, SIGKILL);
    ASSERT_TRUE(has_generation(server, generation, 2)) << server.statistics();
    EXPECT_FALSE(is_running(victim));
  }
  EXPECT_TRUE(no_zombie_stays(server.pid()));
}

TEST_F(Upgrades, WhatTheServerHoldsIsHeldOnAndGivenBackInTheEnd) {
  const std::string uds = folder_ / "socket";
  const std::string pid_file = folder_ / "pid";
  const std::string log = folder_ / "log";
  ServerProcess server(launch({"--workers", "1", "--bind", "unix:" + uds, "--bind", "127.0.0.1:0",
                               "--pidfile", pid_file, "--log-file", log}));
  EXPECT_EQ(upgrade(), "0 ");
  EXPECT_EQ(read_file(pid_file), std::to_string(server.pid()) + "\n");
  const FinishedRun other = run_to_the_end(launch_of({"--port", "0", "--pidfile", pid_file}));
  EXPECT_EQ(other.exit, exit_code(2)) << "it is locked still";
  for (const std::string& url : server.urls()) {
    EXPECT_EQ(get(url, "/plaintext").status, 200) << url;
  }
  EXPECT_NE(read_file(log).find("goes on; every process is replaced"), std::string::npos);
  EXPECT_EQ(server.stop(), exit_code(0));
  EXPECT_FALSE(exists(uds));
  EXPECT_FALSE(exists(pid_file));
  EXPECT_FALSE(exists(socket_));
}

TEST_F(Upgrades, WorkWithEachWayToMakeProcesses) {
  for (const std::string method : {"fork", "spawn", "forkserver"}) {
    SCOPED_TRACE(method);
    ServerProcess server(launch(
        {test_app("tasks"), "--workers", "2", "--task-workers", "1", "--start-method", method}));
    for (const int generation : {2, 3}) {
      const std::set<pid_t> before = workers_of(server);
      EXPECT_EQ(upgrade(), "0 ");
      ASSERT_TRUE(has_generation(server, generation, 2)) << server.statistics();
      EXPECT_FALSE(have_one(workers_of(server), before));
    }
    // Master, observer, two workers and a task process; and the fork server of the present.
    const std::size_t all = method == "forkserver" ? 6 : 5;
    EXPECT_TRUE(wait_until([&] { return processes_of_group(server.pid()).size() == all; }))
        << processes_of_group(server.pid()).size();
    EXPECT_TRUE(no_zombie_stays(server.pid()));
    EXPECT_EQ(server.stop(), exit_code(0));
  }
}

TEST_F(Upgrades, OnePersonalOrderIsRefused) {
  for (const std::vector<std::string>& words :
       {std::vector<std::string>{"--resume-check", "0"}, {"--resume", "0", "none", ""}}) {
    const FinishedRun finished = run_to_the_end(launch_of(words));
    EXPECT_EQ(finished.exit, exit_code(1));
    EXPECT_NE(finished.err.find("cannot be taken over"), std::string::npos) << finished.err;
  }
}

}  // namespace
}  // namespace prefork::test
