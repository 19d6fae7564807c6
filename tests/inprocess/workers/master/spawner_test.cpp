// What the processes get that the spawner makes, and what it says where it lacks memory.
#include "workers/master/spawner.h"

#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <cstdio>
#include <fstream>
#include <memory>
#include <sstream>
#include <string>
#include <vector>

#include "workers/supervision/supervisor_messages.h"

namespace prefork::master {
namespace {

const std::string kTokenOfTest = "0123456789abcdef";

int has_token(const child::ChildContext& context) {
  return context.options.admin.token == kTokenOfTest ? 1 : 0;
}

class SpawnerTest : public testing::Test {
 protected:
  SpawnerTest() {
    EXPECT_TRUE(log_.open(log_path_, config::LogLevel::info).ok());
    plan_.options.admin.token = kTokenOfTest;
  }
  ~SpawnerTest() override { ::unlink(log_path_.c_str()); }

  void SetUp() override {
#if defined(__SANITIZE_THREAD__)
    GTEST_SKIP() << "who forks has one thread, and ThreadSanitizer brings another";
#endif
  }

  Spawner::Spawned spawn(supervision::Role role) {
    std::fflush(nullptr);  // what is in it would be told by each child
    supervision::action::Spawn order;
    // The observer's slot is behind those of workers, and task processes come behind it.
    order.at.slot = role == supervision::Role::worker     ? 0
                    : role == supervision::Role::observer ? segment_.slot_capacity()
                                                          : segment_.slot_capacity() + 1;
    order.generation = 1;
    order.role = role;
    return spawner_.spawn(order, plan_, 0);
  }
  // The exit code of its main function; -1: there is none.
  static int end_of(const Spawner::Spawned& spawned) {
    int status = 0;
    if (spawned.pid <= 0 || ::waitpid(spawned.pid, &status, 0) != spawned.pid) {
      return -1;
    }
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
  }
  [[nodiscard]] std::string logged() const {
    std::ostringstream text;
    text << std::ifstream(log_path_).rdbuf();
    return text.str();
  }

  const std::string log_path_ = testing::TempDir() + "spawner-" + std::to_string(::getpid());
  ServingPlan plan_;
  ipc::Segment segment_{1};
  ipc::Inboxes inboxes_{1};
  ipc::Leadership leadership_;
  ipc::SharedTable shared_;
  child::Log log_;
  ForkServers fork_servers_;
  std::unique_ptr<ipc::LogRings> log_rings_;
  Spawner spawner_{{has_token, has_token,
                    [](const child::ChildContext& context, const std::vector<std::string>&) {
                      return has_token(context);
                    }},
                   {segment_, inboxes_, leadership_, shared_, nullptr, log_, fork_servers_, -1,
                    nullptr, log_rings_, nullptr}};
};

TEST_F(SpawnerTest, GivesTheTokenOfTheAdminListenerToTheObserverAlone) {
  EXPECT_EQ(end_of(spawn(supervision::Role::observer)), 1);
  EXPECT_EQ(end_of(spawn(supervision::Role::worker)), 0);
  EXPECT_EQ(end_of(spawn(supervision::Role::task)), 0);
}

TEST_F(SpawnerTest, TellsOnceThatThereIsNoMemoryForTheAccessLog) {
  plan_.options.logging.access_log = "-";
  // As in the master, which lives on where a file may not grow.
  const auto old_action = std::signal(SIGXFSZ, SIG_IGN);
  rlimit before{};
  ASSERT_EQ(::getrlimit(RLIMIT_FSIZE, &before), 0);
  const rlimit small{4096, before.rlim_max};
  ASSERT_EQ(::setrlimit(RLIMIT_FSIZE, &small), 0);
  for (int i = 0; i < 3; ++i) {
    EXPECT_EQ(end_of(spawn(supervision::Role::worker)), 0);
  }
  ASSERT_EQ(::setrlimit(RLIMIT_FSIZE, &before), 0);
  std::signal(SIGXFSZ, old_action);
  const std::string told = logged();
  const std::string warning = "there is no memory for the lines of the access log";
  EXPECT_NE(told.find(warning), std::string::npos) << told;
  EXPECT_EQ(told.find(warning), told.rfind(warning)) << told;
  EXPECT_EQ(log_rings_, nullptr);
  EXPECT_EQ(end_of(spawn(supervision::Role::worker)), 0);
  EXPECT_NE(log_rings_, nullptr) << "once there is some";
}

}  // namespace
}  // namespace prefork::master
