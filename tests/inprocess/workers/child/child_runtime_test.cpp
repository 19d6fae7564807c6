#include "workers/child/child_runtime.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <csignal>
#include <string>
#include <variant>
#include <vector>

#include "ipc/base/clock.h"
#include "ipc/base/monotonic.h"

namespace prefork::child {
namespace {

// A child whose master is the test, at the other ends of its pipes.
class ChildRuntimeTest : public testing::Test, private ChildCommands {
 protected:
  ~ChildRuntimeTest() override {
    for (int signal = 1; signal < kSignals; ++signal) {
      ::sigaction(signal, &old_actions_.actions[signal], nullptr);
    }
    ::pthread_sigmask(SIG_SETMASK, &old_actions_.mask, nullptr);
  }

  void command(const ipc::Message& message) {
    ASSERT_EQ(pipes_.master.send({kEpoch, message}), ipc::SendResult::sent);
    loop_.poll();
  }

  std::vector<ipc::Message> heard() {
    std::vector<ipc::Message> messages;
    pipes_.master.receive([&](const auto& decoded) {
      EXPECT_EQ(std::get<ipc::Frame>(decoded).epoch, kEpoch);
      messages.push_back(std::get<ipc::Frame>(decoded).message);
    });
    return messages;
  }

  void on_terminate() override { events_.emplace_back("terminate"); }
  void on_drain(ipc::DrainReason reason) override {
    events_.push_back(reason == ipc::DrainReason::stop ? "stop" : "drain");
  }
  void on_reopen_logs() override { events_.emplace_back("reopen"); }

  static constexpr std::uint32_t kEpoch = 7;
  static constexpr int kSignals = 32;

  // What the runtime changes in this process: read before it is made.
  struct SignalState {
    SignalState() {
      for (int signal = 1; signal < kSignals; ++signal) {
        ::sigaction(signal, nullptr, &actions[signal]);
      }
      ::pthread_sigmask(SIG_SETMASK, nullptr, &mask);
    }
    struct sigaction actions[kSignals] {};
    sigset_t mask{};
  };

  const SignalState old_actions_;
  const config::Options options_;
  const std::vector<InheritedListener> listeners_;
  ipc::Segment segment_{1};
  ipc::Inboxes inboxes_{1};
  ipc::Leadership leadership_;
  ipc::SharedTable shared_;
  Log log_;
  ipc::ControlPair pipes_ = ipc::make_control_pair();
  const ChildContext context_{options_,
                              listeners_,
                              segment_,
                              inboxes_,
                              leadership_,
                              shared_,
                              nullptr,
                              nullptr,
                              "",
                              -1,
                              log_,
                              pipes_.child,
                              {0, 0},
                              kEpoch,
                              1,
                              ::getppid(),
                              ipc::monotonic_ns() - 5'000'000,
                              {}};
  const ipc::MonotonicClock clock_;
  loop::EventLoop loop_{clock_};
  ChildRuntime runtime_{context_, loop_, *this};
  std::vector<std::string> events_;
};

TEST_F(ChildRuntimeTest, TellsThatItIsReadyAndHowLongThatTook) {
  EXPECT_TRUE(heard().empty());
  runtime_.begin();
  const std::vector<ipc::Message> messages = heard();
  ASSERT_EQ(messages.size(), 1U);
  EXPECT_GE(std::get<ipc::ReadyFrame>(messages[0]).boot_us, 5'000U);
}

TEST_F(ChildRuntimeTest, CommandsOfTheMasterArriveInTheirOrder) {
  runtime_.begin();
  command(ipc::ReopenLogsFrame{});
  command(ipc::DrainFrame{ipc::DrainReason::replaced});
  command(ipc::DrainFrame{ipc::DrainReason::stop});
  EXPECT_EQ(events_, (std::vector<std::string>{"reopen", "drain", "stop"}));
}

TEST_F(ChildRuntimeTest, WhatOnlyChildrenSayIsNothing) {
  runtime_.begin();
  command(ipc::AliveFrame{});
  command(ipc::RecycleFrame{});
  EXPECT_TRUE(events_.empty());
}

TEST_F(ChildRuntimeTest, AnUnreadableCommandIsSkipped) {
  runtime_.begin();
  const std::string junk(64, 'x');
  ASSERT_EQ(::write(pipes_.master.write_fd(), junk.data(), junk.size()),
            static_cast<ssize_t>(junk.size()));
  loop_.run_one_for(0);
  EXPECT_TRUE(events_.empty());
}

TEST_F(ChildRuntimeTest, TerminatesOnlyWhenTheSignalHasCome) {
  runtime_.begin();
  loop_.poll();
  EXPECT_TRUE(events_.empty());
  ::kill(::getpid(), SIGTERM);
  loop_.poll();
  EXPECT_EQ(events_, std::vector<std::string>{"terminate"});
}

TEST_F(ChildRuntimeTest, WithoutItsMasterItStops) {
  runtime_.begin();
  pipes_.master = {};
  loop_.run();
  EXPECT_TRUE(events_.empty());
}

TEST_F(ChildRuntimeTest, ABootThatFailsIsTold) {
  EXPECT_EQ(fail_boot(context_, "no memory", config::ExitCode::no_worker_booted), 3);
  const std::vector<ipc::Message> messages = heard();
  ASSERT_EQ(messages.size(), 1U);
  EXPECT_EQ(std::get<ipc::BootFailedFrame>(messages[0]).reason, "no memory");
}

}  // namespace
}  // namespace prefork::child
