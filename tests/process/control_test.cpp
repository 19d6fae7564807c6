// The control socket and preforkctl, from outside: every command, how it ends, and what stands in
// its way.
#include <gtest/gtest.h>

#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <cstring>
#include <filesystem>
#include <sstream>

#include "tests/support/server_process.h"
#include "tests/support/terminal.h"
#include "tests/support/tested_build.h"

namespace prefork::test {
namespace {

std::string control_program() { return tested_build() + "/preforkctl"; }

FinishedRun control(std::vector<std::string> arguments,
                    const std::map<std::string, std::string>& environment = {}) {
  Launch launch;
  launch.program = control_program();
  launch.arguments = std::move(arguments);
  launch.environment = environment;
  return run_to_the_end(std::move(launch));
}

// A server with a control socket of its own; without an admin listener, which it does not need.
class Controlled : public testing::Test {
 protected:
  static std::vector<std::string> with_socket(std::vector<std::string> arguments,
                                              const std::string& socket) {
    arguments.insert(arguments.end(), {"--control", socket, "--admin", "off"});
    return arguments;
  }

  // As "code text", of standard error where there is any.
  std::string run(std::vector<std::string> arguments) const {
    const FinishedRun finished = run_all(std::move(arguments));
    std::string text = finished.err.empty() ? finished.out : finished.err;
    return std::to_string(finished.exit ? finished.exit->code : -1) + " " + text;
  }
  FinishedRun run_all(std::vector<std::string> arguments) const {
    arguments.insert(arguments.begin(), {"--socket", socket_});
    return control(std::move(arguments));
  }
  Json json(std::vector<std::string> arguments) const {
    arguments.push_back("--json");
    return Json::parse(run_all(std::move(arguments)).out);
  }
  // By slot; 0: there is none.
  std::map<int, pid_t> pids() const {
    std::map<int, pid_t> pids;
    for (const Json& worker : json({"workers"})) {
      const bool is_ready = worker["state"] == "ready";
      if (is_ready || !pids.contains(worker["slot"])) {
        pids[worker["slot"]] = is_ready ? worker["pid"].get<pid_t>() : 0;
      }
    }
    return pids;
  }

  const TemporaryFolder folder_;
  const std::string socket_ = folder_ / "control.sock";
};

TEST_F(Controlled, EachCommandIsAnsweredWhenItHasHappened) {
  ServerProcess server(with_socket({"--workers", "2"}, socket_));
  const auto before = pids();
  EXPECT_EQ(run({"restart", "1"}), "0 ");
  auto now = pids();
  EXPECT_EQ(now.at(0), before.at(0));
  EXPECT_NE(now.at(1), before.at(1));
  EXPECT_NE(now.at(1), 0);
  EXPECT_EQ(run({"scale", "3"}), "0 ");
  EXPECT_NE(pids().at(2), 0);
  EXPECT_EQ(run({"drain", "0"}), "0 ");
  EXPECT_EQ(pids().at(0), 0);
  EXPECT_EQ(run({"reload", "--wait"}), "0 ");
  now = pids();
  EXPECT_EQ(now.at(0), 0) << "a drained slot stays empty";
  EXPECT_EQ(json({"status"})["server"]["generation"], 2);
  EXPECT_EQ(run({"restart", "0"}), "0 ");
  EXPECT_NE(pids().at(0), 0);
  EXPECT_EQ(run({"scale", "1"}), "0 ");
  EXPECT_EQ(pids().size(), 1U);
  EXPECT_EQ(json({"stop"}), Json({{"command", "stop"}, {"ok", true}, {"reason", ""}}));
  EXPECT_EQ(server.wait_for_exit(kASecond), exit_code(0)) << "it is gone already";
  EXPECT_FALSE(exists(socket_));
}

TEST_F(Controlled, LogsConfigurationAndTheDead) {
  const std::string log = folder_ / "log";
  ServerProcess server(with_socket({"--log-file", log, "--threads", "3"}, socket_));
  EXPECT_EQ(run({"log-level", "error"}), "0 ");
  EXPECT_EQ(run({"reload"}), "0 ") << "which goes back to the level of the configuration";
  ASSERT_EQ(::rename(log.c_str(), (log + ".1").c_str()), 0);
  EXPECT_EQ(run({"reopen-logs"}), "0 ");
  EXPECT_TRUE(wait_until([&] { return read_file(log).find("reopen-logs") != std::string::npos; }));
  const std::string old = read_file(log + ".1");
  EXPECT_NE(old.find("log-level error"), std::string::npos) << old;
  EXPECT_EQ(old.find(": reload\n"), std::string::npos) << old;
  EXPECT_EQ(json({"config"})["threads"], "3");
  EXPECT_EQ(json({"config"})["bind"], nullptr);
  const FinishedRun config = run_all({"config"});
  EXPECT_NE(config.out.find("\nlog_file "), std::string::npos) << config.out;
  EXPECT_EQ(json({"last-words"}), Json::array());
}

TEST_F(Controlled, WhatCannotBeDoneIsRefusedWithTheReason) {
  const ServerProcess server(with_socket({"--workers", "1"}, socket_));
  EXPECT_EQ(run({"restart", "1"}),
            "1 preforkctl: there is no worker 1; the last one is worker 0\n");
  EXPECT_EQ(run({"drain", "0"}), "1 preforkctl: the last worker stays\n");
  EXPECT_EQ(
      run({"scale", "10"}),
      "1 preforkctl: this server has room for 1 to 9 workers; for more start it with a larger "
      "--workers\n");
  EXPECT_EQ(json({"scale", "10"})["ok"], false);
  for (const std::vector<std::string>& wrong :
       std::vector<std::vector<std::string>>{{},
                                             {"downgrade"},
                                             {"restart"},
                                             {"restart", "x"},
                                             {"scale", "0"},
                                             {"scale", "257"},
                                             {"log-level", "loud"},
                                             {"status", "now"},
                                             {"stop", "--wait"},
                                             {"status", "--timeout", "soon"},
                                             {"top"}}) {
    const std::string told = run(wrong);
    EXPECT_TRUE(told.starts_with("2 preforkctl: ")) << told;
    EXPECT_EQ(std::count(told.begin(), told.end(), '\n'), 1) << told;
  }
}

TEST_F(Controlled, AReloadThatIsRefusedOrGivenUpSaysWhy) {
  const std::string file = folder_.write("server.toml", "app = \"" + test_app("hello") + "\"\n");
  const ServerProcess server(with_socket({"--config", file, "--port", "0"}, socket_));
  folder_.write("server.toml", "workers = 0\n");
  const std::string refused = run({"reload"});
  EXPECT_TRUE(refused.starts_with("1 preforkctl: ")) << refused;
  EXPECT_NE(refused.find("out of range"), std::string::npos) << refused;
  folder_.write("server.toml", "app = \"" + test_app("broken_3") + "\"\n");
  const std::string given_up = run({"reload", "--wait"});
  EXPECT_TRUE(given_up.starts_with("1 preforkctl: worker 0 ")) << given_up;
  EXPECT_NE(given_up.find("no licence file"), std::string::npos) << given_up;
  EXPECT_EQ(json({"status"})["server"]["generation"], 1);
}

TEST_F(Controlled, WithoutAServerOrAnAnswerThereIsAnExitCodeOfItsOwn) {
  EXPECT_EQ(run({"status"}), "3 preforkctl: no server listens on " + socket_ + "\n");
  const ServerProcess server(with_socket({}, socket_));
  server.send_signal(SIGSTOP);
  EXPECT_EQ(run({"restart", "0", "--timeout", "100ms"}),
            "124 preforkctl: no answer in time; what was asked for may still happen\n");
  EXPECT_EQ(json({"status"})["server"]["master_pid"], server.pid()) << "that needs no master";
  server.send_signal(SIGCONT);
}

TEST_F(Controlled, TheStateIsShownWhileEveryWorkerIsStopped) {
  const ServerProcess server(with_socket({"--workers", "2"}, socket_));
  ASSERT_EQ(get(server.url(), "/plaintext").status, 200);
  const auto workers = pids();
  for (const bool is_stopped : {false, true}) {
    for (const auto& [slot, pid] : workers) {
      ::kill(pid, is_stopped ? SIGSTOP : SIGCONT);
    }
    const FinishedRun status = run_all({"status"});
    EXPECT_EQ(status.exit, exit_code(0));
    EXPECT_NE(status.out.find("running: 2 of 2 workers ready"), std::string::npos) << status.out;
    const FinishedRun top = run_all({"top", "--once", "--interval", "100ms"});
    EXPECT_EQ(top.exit, exit_code(0)) << top.err;
    EXPECT_NE(top.out.find(std::to_string(workers.at(1)) + " ready"), std::string::npos) << top.out;
  }
  for (const auto& [slot, pid] : workers) {
    ::kill(pid, SIGCONT);
  }
}

TEST_F(Controlled, TopIsAViewOfATerminalUntilSomebodyLeaves) {
  const ServerProcess server(with_socket({}, socket_));
  for (const char* const key : {"q", "\003"}) {
    Terminal terminal;
    Launch launch;
    launch.program = "/bin/sh";
    launch.arguments = {"-c",
                        "exec \"$0\" --socket \"$1\" top --interval 100ms </dev/tty >/dev/tty",
                        control_program(), socket_};
    launch.terminal = terminal.fd();
    ChildProcess top(launch);
    std::string shown;
    const auto has_shown = [&](std::string_view text) {
      return wait_until([&] {
        shown += terminal.read();
        return shown.find(text) != shown.npos;
      });
    };
    EXPECT_TRUE(has_shown("REQ/S"));
    EXPECT_TRUE(has_shown(" in 0.1s")) << "a second picture";
    terminal.type(key);
    EXPECT_EQ(top.wait(kPatience), exit_code(0));
    EXPECT_TRUE(has_shown("\033[?1049l")) << "the screen is given back";
  }
}

TEST_F(Controlled, OnlyItsUserAndRootMayCommand) {
  if (::geteuid() != 0) {
    GTEST_SKIP() << "only root can become somebody else";
  }
  const ServerProcess server(with_socket({}, socket_));
  struct stat file {};
  ASSERT_EQ(::stat(socket_.c_str(), &file), 0);
  EXPECT_EQ(file.st_mode & 0777U, 0600U);
  ASSERT_EQ(::chmod(folder_.path().c_str(), 0755), 0);
  Launch launch;
  // Where the program was built may be nobody else's to look into.
  launch.program = folder_ / "preforkctl";
  std::filesystem::copy_file(control_program(), launch.program);
  launch.arguments = {"--socket", socket_, "stop"};
  launch.user = 65'534;
  EXPECT_EQ(run_to_the_end(launch).exit, exit_code(1));
  ASSERT_EQ(::chmod(socket_.c_str(), 0666), 0);
  const FinishedRun refused = run_to_the_end(launch);
  EXPECT_EQ(refused.exit, exit_code(1));
  EXPECT_EQ(refused.err, "preforkctl: only the user of this server and root may command it\n");
  EXPECT_EQ(json({"status"})["serving"], true);
}

TEST_F(Controlled, ThePlaceOfAnotherServerIsNotTakenAndThatOfADeadOneIs) {
  std::optional<ServerProcess> first(std::in_place, with_socket({}, socket_));
  const FinishedRun second =
      run_to_the_end(launch_of({"--port", "0", "--admin", "off", "--control", socket_}));
  EXPECT_EQ(second.exit, exit_code(5));
  EXPECT_NE(second.err.find("another server has it"), std::string::npos) << second.err;
  first->send_signal(SIGKILL);
  first->wait_for_exit();
  EXPECT_TRUE(exists(socket_));
  EXPECT_TRUE(wait_until([&] { return run({"status"}).starts_with("3 "); }));
  const ServerProcess third(with_socket({}, socket_));
  EXPECT_EQ(json({"status"})["server"]["master_pid"], third.pid());
}

TEST_F(Controlled, TheOnlyServerIsFoundAndOfSeveralOneHasToBeNamed) {
  const std::map<std::string, std::string> environment = {{"XDG_RUNTIME_DIR", folder_.path()}};
  const auto found_there = [&] {
    Launch launch = launch_of({"--admin", "off"});
    launch.environment = environment;
    return launch;
  };
  std::optional<ServerProcess> first(std::in_place, found_there());
  EXPECT_EQ(control({"status"}, environment).exit, exit_code(0));
  {
    const ServerProcess second(found_there());
    const FinishedRun unclear = control({"status"}, environment);
    EXPECT_EQ(unclear.exit, exit_code(2));
    for (const pid_t pid : {first->pid(), second.pid()}) {
      EXPECT_NE(unclear.err.find("/" + std::to_string(pid) + ".sock"), std::string::npos)
          << unclear.err;
    }
  }
  EXPECT_EQ(control({"status"}, environment).exit, exit_code(0));
  first->send_signal(SIGKILL);
  first->wait_for_exit();
  EXPECT_TRUE(wait_until([&] { return control({"status"}, environment).exit == exit_code(3); }));
  const std::string left = folder_ / ("prefork-server/" + std::to_string(first->pid()) + ".sock");
  EXPECT_TRUE(exists(left));
  const ServerProcess third(found_there());
  EXPECT_FALSE(exists(left));
  EXPECT_EQ(control({"status"}, environment).exit, exit_code(0));
}

}  // namespace
}  // namespace prefork::test
