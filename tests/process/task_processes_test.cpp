// Work that processes beside the workers do, and everything that can happen to it.
#include <gtest/gtest.h>

#include <csignal>
#include <filesystem>
#include <fstream>
#include <future>
#include <set>
#include <string>
#include <vector>

#include "tests/support/child_process.h"
#include "tests/support/processes.h"
#include "tests/support/server_process.h"
#include "tests/support/tested_build.h"

namespace prefork::test {
namespace {

std::string post_request(const std::string& path, const std::string& body) {
  return "POST " + path +
         " HTTP/1.1\r\nHost: test\r\nContent-Length: " + std::to_string(body.size()) + "\r\n\r\n" +
         body;
}

class TaskProcesses : public testing::Test {
 protected:
  explicit TaskProcesses(const std::vector<std::string>& more = {"--task-workers", "1"}) {
    std::vector<std::string> arguments = {test_app("tasks"), "--workers", "1", "--threads", "8"};
    arguments.insert(arguments.end(), more.begin(), more.end());
    server_ = std::make_unique<ServerProcess>(arguments);
    EXPECT_TRUE(
        wait_for_processes([](const Json& process) { return process["state"] == "ready"; }));
  }

  std::string post(const std::string& path, const std::string& body) const {
    Client client(server_->url());
    client.send(post_request(path, body));
    const Reply reply = client.receive();
    return reply.status == 200 ? reply.body : std::to_string(reply.status) + " " + reply.problem;
  }
  // What the answer will be; the request is on its way.
  std::future<std::string> begin_post(const std::string& path, const std::string& body) const {
    return std::async(std::launch::async, [this, path, body] { return post(path, body); });
  }
  [[nodiscard]] std::string file(const std::string& name) const {
    return server_->folder().path() + "/" + name;
  }
  static void make(const std::string& path) { std::ofstream(path) << "there"; }
  // All task processes are so.
  bool wait_for_processes(const std::function<bool(const Json&)>& condition) const {
    return server_->wait_for_statistics([&](const Json& statistics) {
      const Json& processes = statistics["tasks"]["processes"];
      return !processes.empty() && std::all_of(processes.begin(), processes.end(), condition);
    });
  }
  bool wait_for_jobs(const std::string& phase, int count) const {
    return server_->wait_for_statistics(
        [&](const Json& statistics) { return statistics["tasks"][phase] == count; });
  }
  bool wait_for_next_process(pid_t but) const {
    return wait_for_processes([but](const Json& process) {
      return process["state"] == "ready" && process["pid"] != but;
    });
  }
  [[nodiscard]] Json process() const { return server_->statistics()["tasks"]["processes"][0]; }
  [[nodiscard]] pid_t task_pid() const { return process()["pid"].get<pid_t>(); }

  std::unique_ptr<ServerProcess> server_;
};

TEST_F(TaskProcesses, ATaskIsRunByAProcessThatIsNoWorkerAndItsResultComesBack) {
  EXPECT_EQ(post("/run/reverse", "stressed"), "done: desserts\n");
  EXPECT_EQ(post("/run/reverse", ""), "done: \n");
  EXPECT_EQ(post("/run/pid", ""), "done: " + std::to_string(task_pid()) + "\n");
  EXPECT_EQ(process()["done"], 3);
  EXPECT_EQ(server_->worker_pids().size(), 1U);
}

TEST_F(TaskProcesses, ADeferredAnswerIsCompletedByATask) {
  EXPECT_EQ(post("/later/reverse", "live"), "done: evil\n");
  EXPECT_EQ(post("/later/throw", "why not"), "failed: why not\n");
  EXPECT_EQ(post("/later/nothing", ""), "refused: the application has no task 'nothing'\n");
}

TEST_F(TaskProcesses, TheEventLoopDoesNotWaitForATask) {
  EXPECT_EQ(post("/loop/reverse", "x"), "none: a task must not be waited for here; see the log\n");
  EXPECT_TRUE(server_->has_logged({"POST /loop/{task}", "wait for a task", "event loop"}));
}

TEST_F(TaskProcesses, AMapGivesTheResultsInTheirOrder) {
  std::string words;
  std::string expected;
  for (int i = 100; i < 200; ++i) {
    const std::string word = std::to_string(i);
    words += (words.empty() ? "" : " ") + word;
    expected += std::string(word.rbegin(), word.rend()) + " ";
  }
  EXPECT_EQ(post("/map/reverse", words), expected);
}

TEST_F(TaskProcesses, AnExceptionIsTheReasonWhyThereIsNoResultAndEndsNoProcess) {
  const pid_t before = task_pid();
  EXPECT_EQ(post("/run/throw", "out of paper"), "failed: out of paper\n");
  EXPECT_EQ(task_pid(), before);
  EXPECT_EQ(process()["failed"], 1);
}

TEST_F(TaskProcesses, ACrashCostsOneTaskProcessAndItsSubmitterGetsTheSignal) {
  const pid_t before = task_pid();
  const std::map<int, pid_t> workers = server_->worker_pids();
  EXPECT_EQ(post("/run/crash", ""), "crashed: task 'crash' ended with its process (pid " +
                                        std::to_string(before) + "): signal SIGABRT\n");
  EXPECT_TRUE(wait_for_next_process(before));
  EXPECT_EQ(server_->worker_pids(), workers);
  EXPECT_EQ(post("/run/reverse", "on"), "done: no\n");
  EXPECT_EQ(process()["crashed"], 1);
  EXPECT_EQ(process()["restarts"], 1);
  EXPECT_TRUE(server_->has_logged({"task 0 (pid " + std::to_string(before) + ")", "SIGABRT"}));
}

TEST_F(TaskProcesses, ACopyOfOneThatComesBackFromItsTaskEnds) {
  const std::size_t processes = processes_of_group(server_->pid()).size();
  EXPECT_EQ(post("/run/fork", ""), "done: the task\n");
  EXPECT_TRUE(wait_until([&] { return processes_of_group(server_->pid()).size() == processes; }));
  EXPECT_EQ(post("/run/reverse", "stressed"), "done: desserts\n");
}

TEST_F(TaskProcesses, AnExitOfTheProcessIsToldWithItsCode) {
  EXPECT_NE(post("/run/exit", "").find("exit code 7"), std::string::npos);
}

TEST_F(TaskProcesses, ATaskWhoseProcessIsKilledEndsWithAnError) {
  auto answer = begin_post("/run/wait", file("never"));
  ASSERT_TRUE(wait_for_jobs("running", 1));
  EXPECT_EQ(process()["task"], "wait");
  ::kill(task_pid(), SIGKILL);
  EXPECT_NE(answer.get().find("crashed: task 'wait' ended with its process"), std::string::npos);
  EXPECT_TRUE(wait_for_jobs("running", 0));
}

TEST_F(TaskProcesses, ATaskIsRunAgainAfterACrashOnlyIfThatWasAskedFor) {
  EXPECT_EQ(post("/run/crash-once?retries=1", file("one")), "done: at last\n");
  EXPECT_TRUE(server_->has_logged({"task 'crash-once'", "it is run again, attempt 2 of 2"}));
  EXPECT_NE(post("/run/crash-once", file("two")).find("crashed"), std::string::npos);
}

TEST_F(TaskProcesses, ATaskThatTakesItsProcessesWithItIsStoppedUntilAReload) {
  for (int i = 0; i < 3; ++i) {
    EXPECT_NE(post("/run/crash", "").find("crashed"), std::string::npos);
  }
  EXPECT_NE(post("/run/crash", "").find("refused: task 'crash' has ended 3 processes"),
            std::string::npos);
  EXPECT_TRUE(server_->has_logged({"task 'crash' has ended 3 processes"}));
  EXPECT_EQ(post("/run/reverse", "on"), "done: no\n") << "others go on";
  server_->send_signal(SIGHUP);
  EXPECT_TRUE(server_->wait_for_statistics(
      [](const Json& statistics) { return statistics["server"]["reloads"] == 1; }));
  EXPECT_NE(post("/run/crash", "").find("crashed"), std::string::npos);
}

TEST_F(TaskProcesses, ATaskThatRunsUntilItsDeadlineIsKilled) {
  const pid_t before = task_pid();
  EXPECT_EQ(post("/run/wait?timeout=100", file("never")), "timed out: it ran until its deadline\n");
  EXPECT_TRUE(server_->has_logged({"task 'wait' ran until its deadline"}));
  EXPECT_TRUE(wait_for_next_process(before));
  EXPECT_EQ(post("/run/reverse", "on"), "done: no\n");
}

TEST_F(TaskProcesses, ATaskThatWaitsUntilItsDeadlineIsNotRun) {
  auto busy = begin_post("/run/wait", file("go"));
  ASSERT_TRUE(wait_for_jobs("running", 1));
  EXPECT_EQ(post("/run/wait?timeout=50", file("go")),
            "timed out: no process was free for it within its time\n");
  make(file("go"));
  EXPECT_EQ(busy.get(), "done: " + std::to_string(task_pid()) + "\n");
  EXPECT_EQ(Client(server_->url()).get("/begun").body, "1");
}

TEST_F(TaskProcesses, OneThatIsCancelledBeforeItBeginsIsNotRun) {
  auto busy = begin_post("/run/wait", file("go"));
  ASSERT_TRUE(wait_for_jobs("running", 1));
  EXPECT_EQ(post("/cancel/wait", file("go")), "cancelled: \n");
  make(file("go"));
  busy.get();
  EXPECT_EQ(post("/run/reverse", "on"), "done: no\n");
  EXPECT_EQ(Client(server_->url()).get("/begun").body, "1");
}

TEST_F(TaskProcesses, OfOneThatIsCancelledWhileItRunsTheResultIsDropped) {
  EXPECT_EQ(post("/cancel/wait?after=50", file("go")), "cancelled: \n");
  make(file("go"));
  EXPECT_EQ(post("/run/reverse", "on"), "done: no\n");
  EXPECT_TRUE(wait_for_jobs("finished", 0));
}

class SmallTaskQueue : public TaskProcesses {
 protected:
  SmallTaskQueue()
      : TaskProcesses({"--task-workers", "1", "--limit-task-queue", "2", "--limit-task", "1k"}) {}
};

TEST_F(SmallTaskQueue, MoreJobsThanThereIsRoomForAreRefused) {
  auto first = begin_post("/run/wait", file("go"));
  ASSERT_TRUE(wait_for_jobs("running", 1));
  auto second = begin_post("/run/wait", file("go"));
  ASSERT_TRUE(wait_for_jobs("queued", 1));
  EXPECT_NE(post("/run/reverse", "x").find("refused: all 2 jobs"), std::string::npos);
  make(file("go"));
  first.get();
  second.get();
  EXPECT_EQ(post("/run/reverse", "on"), "done: no\n");
}

TEST_F(SmallTaskQueue, ArgumentsAndResultsThatAreTooLongAreRefusedByName) {
  EXPECT_EQ(post("/run/grow", "1024").size(), 1024U + 7);
  EXPECT_NE(post("/run/grow", "1025").find("failed: its result has 1025 bytes"), std::string::npos);
  EXPECT_NE(post("/run/reverse", std::string(1025, 'x')).find("its argument has 1025 bytes"),
            std::string::npos);
}

TEST_F(SmallTaskQueue, JobsOfAKilledWorkerGiveTheirRoomBack) {
  auto first = begin_post("/run/wait", file("go"));
  ASSERT_TRUE(wait_for_jobs("running", 1));
  auto second = begin_post("/run/wait", file("go"));
  ASSERT_TRUE(wait_for_jobs("queued", 1));
  const pid_t worker = server_->worker_pid(0);
  ::kill(worker, SIGKILL);
  ASSERT_TRUE(server_->wait_for_statistics([worker](const Json& statistics) {
    return statistics["workers"][0]["pid"] != worker &&
           statistics["workers"][0]["state"] == "ready";
  }));
  EXPECT_TRUE(wait_for_jobs("queued", 0)) << "what nobody waits for is not run";
  make(file("go"));
  EXPECT_TRUE(wait_for_jobs("running", 0));
  EXPECT_TRUE(wait_for_jobs("finished", 0));
  EXPECT_EQ(post("/map/reverse", "ab cd"), "ba dc ");
  EXPECT_EQ(Client(server_->url()).get("/begun").body, "1");
}

TEST_F(SmallTaskQueue, AJobThatOutlivesItsWorkerIsRunAllTheSame) {
  auto first = begin_post("/run/wait", file("go"));
  ASSERT_TRUE(wait_for_jobs("running", 1));
  EXPECT_EQ(post("/send/wait?outlives=1", file("go")), "sent\n");
  const pid_t worker = server_->worker_pid(0);
  ::kill(worker, SIGKILL);
  ASSERT_TRUE(server_->wait_for_statistics([worker](const Json& statistics) {
    return statistics["workers"][0]["pid"] != worker &&
           statistics["workers"][0]["state"] == "ready";
  }));
  make(file("go"));
  EXPECT_TRUE(wait_until([&] { return Client(server_->url()).get("/begun").body == "2"; }));
}

TEST_F(TaskProcesses, AReloadReplacesThemAndLetsThemFinish) {
  const pid_t before = task_pid();
  auto running = begin_post("/run/wait", file("go"));
  ASSERT_TRUE(wait_for_jobs("running", 1));
  server_->send_signal(SIGHUP);
  ASSERT_TRUE(server_->wait_for_statistics(
      [](const Json& statistics) { return statistics["server"]["reloads"] == 1; }));
  EXPECT_NE(post("/run/pid", ""), "done: " + std::to_string(before) + "\n");
  make(file("go"));
  EXPECT_EQ(running.get(), "done: " + std::to_string(before) + "\n");
  EXPECT_TRUE(wait_for_processes([](const Json& process) { return process["generation"] == 2; }));
}

TEST_F(TaskProcesses, AStopWaitsForTheTaskThatARequestWaitsFor) {
  auto running = begin_post("/run/wait", file("go"));
  ASSERT_TRUE(wait_for_jobs("running", 1));
  server_->send_signal(SIGTERM);
  ASSERT_TRUE(server_->has_logged({"SIGTERM"}));
  auto later = begin_post("/run/reverse", "x");
  make(file("go"));
  EXPECT_NE(running.get().find("done: "), std::string::npos);
  later.wait();
  const auto exit = server_->wait_for_exit();
  ASSERT_TRUE(exit.has_value());
  EXPECT_EQ(*exit, exit_code(0));
}

TEST_F(TaskProcesses, AStopDropsQueuedJobsThatNobodyWaitsForAndSaysHowMany) {
  auto running = begin_post("/send/wait", file("go"));
  ASSERT_TRUE(wait_for_jobs("running", 1));
  for (int i = 0; i < 3; ++i) {
    EXPECT_EQ(post("/send/wait?outlives=1", file("go")), "sent\n");
  }
  server_->send_signal(SIGTERM);
  EXPECT_TRUE(server_->has_logged({"3 queued tasks were dropped: the server stops"}));
  make(file("go"));
  ASSERT_TRUE(server_->wait_for_exit().has_value());
}

TEST_F(TaskProcesses, OneThatIsStoppedIsReplacedLikeAWorkerThatHangs) {
  auto answer = begin_post("/run/wait", file("never"));
  ASSERT_TRUE(wait_for_jobs("running", 1));
  const pid_t before = task_pid();
  ::kill(before, SIGSTOP);
  EXPECT_NE(answer.get().find("crashed"), std::string::npos);
  EXPECT_TRUE(wait_for_next_process(before));
}

TEST_F(TaskProcesses, OneThatIsTerminatedGetsASuccessorAndFinishesItsTask) {
  auto answer = begin_post("/run/wait", file("go"));
  ASSERT_TRUE(wait_for_jobs("running", 1));
  const pid_t before = task_pid();
  ::kill(before, SIGTERM);
  ASSERT_TRUE(server_->wait_for_statistics([](const Json& statistics) {
    return statistics["tasks"]["processes"].size() == 2 &&
           statistics["tasks"]["processes"][0]["state"] == "draining";
  }));
  EXPECT_NE(post("/run/pid", ""), "done: " + std::to_string(before) + "\n");
  make(file("go"));
  EXPECT_EQ(answer.get(), "done: " + std::to_string(before) + "\n");
}

TEST_F(TaskProcesses, AStopGivesARunningTaskTheTimeOfARequestAndNoMore) {
  server_->stop();
  server_ = std::make_unique<ServerProcess>(
      std::vector<std::string>{test_app("tasks"), "--workers", "1", "--task-workers", "1",
                               "--timeout-graceful-shutdown", "300ms"});
  ASSERT_EQ(post("/send/wait?outlives=1", file("never")), "sent\n");
  ASSERT_TRUE(wait_for_jobs("running", 1));
  server_->send_signal(SIGTERM);
  EXPECT_TRUE(server_->has_logged({"task 0", "SIGKILL"}));
  ASSERT_TRUE(server_->wait_for_exit().has_value());
}

TEST(NoTaskProcesses, ATaskIsRefusedWithTheReason) {
  const ServerProcess server({test_app("tasks"), "--workers", "1"});
  Client client(server.url());
  client.send(post_request("/run/reverse", "x"));
  EXPECT_NE(client.receive().body.find("refused: there are no task processes here"),
            std::string::npos);
  EXPECT_FALSE(server.statistics().contains("tasks"));
}

TEST(NoTaskProcesses, TheirNumberStaysWhatItWasAtTheStart) {
  TemporaryFolder folder;
  const std::string config = folder.path() + "/server.conf";
  std::ofstream(config) << "task_workers = 1\nworkers = 1\n";
  ServerProcess server({test_app("tasks"), "--config", config});
  std::ofstream(config) << "task_workers = 3\nworkers = 1\n";
  server.send_signal(SIGHUP);
  EXPECT_TRUE(server.has_logged({"--task-workers", "takes a restart"}));
  EXPECT_TRUE(server.wait_for_statistics([](const Json& statistics) {
    return statistics["server"]["reloads"] == 1 && statistics["tasks"]["processes"].size() == 1;
  }));
}

class SeveralTaskProcesses : public TaskProcesses {
 protected:
  SeveralTaskProcesses() : TaskProcesses({"--task-workers", "3", "--preload"}) {}
};

TEST_F(SeveralTaskProcesses, AsManyTasksRunAtATimeAsThereAreProcesses) {
  std::vector<std::future<std::string>> answers;
  for (int i = 0; i < 3; ++i) {
    answers.push_back(begin_post("/run/wait", file("go")));
  }
  EXPECT_TRUE(wait_for_jobs("running", 3));
  make(file("go"));
  std::set<std::string> pids;
  for (auto& answer : answers) {
    pids.insert(answer.get());
  }
  EXPECT_EQ(pids.size(), 3U);
}

TEST_F(SeveralTaskProcesses, OneThatCrashesAfterAPreloadIsReplaced) {
  EXPECT_NE(post("/run/crash", "").find("signal SIGABRT"), std::string::npos);
  EXPECT_TRUE(server_->wait_for_statistics([](const Json& statistics) {
    int ready = 0;
    for (const Json& process : statistics["tasks"]["processes"]) {
      ready += process["state"] == "ready" ? 1 : 0;
    }
    return ready == 3;
  }));
}

}  // namespace
}  // namespace prefork::test
