// A server that was started into the background of a terminal: what the terminal says to whoever
// uses it from there goes to every process of the group, and is meant for none of them.
#include <gtest/gtest.h>

#include "tests/support/server_process.h"
#include "tests/support/terminal.h"
#include "tests/support/tested_build.h"

namespace prefork::test {
namespace {

// As a shell starts a program with "&", where the terminal refuses what the background writes.
class InTheBackground : public testing::Test {
 protected:
  Launch launch() const {
    Launch launch;
    launch.program = "/bin/bash";
    const std::string script =
        "stty tostop </dev/tty; set -m; \"$@\" </dev/tty >/dev/tty & "
        "exec 63>&-; trap 'kill $!' TERM; wait; wait";
    launch.arguments = {
        "-c", script,         "bash", server_binary(), test_app("processes"), "--workers",
        "2",  "--access-log", "-"};
    launch.terminal = terminal_.fd();
    return launch;
  }
  void expect_untouched(const ServerProcess& server, const std::map<int, pid_t>& before) {
    EXPECT_EQ(server.worker_pids(), before);
    EXPECT_EQ(server.times_logged("SIGTTIN"), 0U);
    EXPECT_EQ(server.times_logged("SIGTTOU"), 0U);
  }

  Terminal terminal_;
};

TEST_F(InTheBackground, LinesComeOutAndNoWorkerStandsStillOrGoes) {
  const ServerProcess server(launch());
  const auto before = server.worker_pids();
  for (int i = 0; i < 10; ++i) {
    ASSERT_EQ(get(server.url(), "/").status, 200);
  }
  std::string said;
  EXPECT_TRUE(wait_until([&] {
    said += terminal_.read();
    return said.find("GET / HTTP/1.1") != said.npos;
  })) << said;
  expect_untouched(server, before);
}

TEST_F(InTheBackground, AHandlerThatReadsTheTerminalGetsAnErrorAndNobodyIsAdded) {
  const ServerProcess server(launch());
  const auto before = server.worker_pids();
  EXPECT_EQ(get(server.url(), "/read-terminal").body, "error");
  expect_untouched(server, before);
}

}  // namespace
}  // namespace prefork::test
