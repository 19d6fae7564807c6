#include "workers/master/signals.h"

#include <gtest/gtest.h>

#include <csignal>

namespace prefork::master {
namespace {

class SignalsTest : public ::testing::Test {
 protected:
  SignalsTest() {
    ::sigprocmask(SIG_SETMASK, nullptr, &old_mask_);
    old_action_ = std::signal(SIGPIPE, SIG_DFL);
  }
  ~SignalsTest() override {
    ::sigprocmask(SIG_SETMASK, &old_mask_, nullptr);
    std::signal(SIGPIPE, old_action_);
  }

 private:
  sigset_t old_mask_{};
  void (*old_action_)(int) = nullptr;
};

TEST_F(SignalsTest, AreReadFromADescriptorAndInterruptNothing) {
  const Signals signals;
  EXPECT_GE(signals.fd(), 0);
  EXPECT_TRUE(signals.take().empty());
  ::raise(SIGUSR1);
  ::raise(SIGUSR1);
  EXPECT_EQ(signals.take(), (std::vector<TakenSignal>{{SIGUSR1, false}}))
      << "the kernel keeps one of each";
  EXPECT_TRUE(signals.take().empty());
}

TEST_F(SignalsTest, ABrokenPipeIsAnErrorValueAndNotTheEnd) {
  const Signals signals;
  ::raise(SIGPIPE);
  EXPECT_TRUE(signals.take().empty());
}

}  // namespace
}  // namespace prefork::master
