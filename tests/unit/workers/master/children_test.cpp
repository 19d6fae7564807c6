#include "workers/master/children.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <csignal>
#include <string>
#include <utility>
#include <variant>
#include <vector>

namespace prefork::master {
namespace {

constexpr ipc::Place kWorker{0, 0};
constexpr ipc::Place kOther{1, 0};
constexpr ipc::Place kNobody{7, 1};

// Children of which only the far ends of their pipes exist.
class ChildrenTest : public ::testing::Test {
 protected:
  ChildrenTest() : old_action_(std::signal(SIGPIPE, SIG_IGN)) {}
  ~ChildrenTest() override { std::signal(SIGPIPE, old_action_); }

  // The child's own end.
  ipc::ControlEnd add(ipc::Place at, std::uint32_t epoch) {
    ipc::ControlPair pair = ipc::make_control_pair();
    children_.add(at, epoch, std::move(pair.master));
    return std::move(pair.child);
  }

  std::vector<Heard> read(ipc::Place at) {
    std::vector<Heard> heard;
    children_.read(at, [&](ipc::Place of, const Heard& one) {
      EXPECT_EQ(of, at);
      heard.push_back(one);
    });
    return heard;
  }

  static std::vector<ipc::Message> received(ipc::ControlEnd& child, std::uint32_t epoch) {
    std::vector<ipc::Message> messages;
    child.receive([&](const auto& decoded) {
      const auto& frame = std::get<ipc::Frame>(decoded);
      EXPECT_EQ(frame.epoch, epoch);
      messages.push_back(frame.message);
    });
    return messages;
  }

  // As every process of the server does.
  void (*old_action_)(int);
  Children children_;
};

TEST_F(ChildrenTest, TellsWhatAChildHasSaid) {
  ipc::ControlEnd child = add(kWorker, 5);
  child.send({5, ipc::ReadyFrame{77}});
  child.send({5, ipc::AliveFrame{}});
  const std::vector<Heard> heard = read(kWorker);
  ASSERT_EQ(heard.size(), 2U);
  EXPECT_EQ(std::get<ipc::ReadyFrame>(std::get<ipc::Frame>(heard[0]).message).boot_us, 77U);
  EXPECT_TRUE(std::holds_alternative<ipc::AliveFrame>(std::get<ipc::Frame>(heard[1]).message));
  EXPECT_TRUE(read(kWorker).empty());
  EXPECT_TRUE(read(kNobody).empty());
}

TEST_F(ChildrenTest, AFrameOfAnotherEpochIsToldApartAndItsMessageIsNot) {
  ipc::ControlEnd child = add(kWorker, 5);
  child.send({4, ipc::ReadyFrame{}});
  child.send({4, ipc::BootFailedFrame{"of a predecessor"}});
  const std::vector<Heard> heard = read(kWorker);
  ASSERT_EQ(heard.size(), 2U);
  EXPECT_TRUE(std::holds_alternative<OtherEpoch>(heard[0]));
  EXPECT_TRUE(std::holds_alternative<OtherEpoch>(heard[1]));
  EXPECT_FALSE(children_.has_last_words(kWorker));
}

TEST_F(ChildrenTest, WhatCannotBeUnderstoodIsToldAsAnError) {
  const ipc::ControlEnd child = add(kWorker, 5);
  ASSERT_EQ(::write(child.write_fd(), "part", 4), 4);
  const std::vector<Heard> heard = read(kWorker);
  ASSERT_EQ(heard.size(), 1U);
  EXPECT_EQ(std::get<ipc::FrameError>(heard[0]), ipc::FrameError::length);
}

TEST_F(ChildrenTest, OfWhatIsWrongAFewAreToldAndThenTheChildIsNotHeardAnyLonger) {
  ipc::ControlEnd child = add(kWorker, 5);
  int told = 0;
  bool is_heard = true;
  for (int i = 0; i < 3 * Children::kWrongHeard; ++i) {
    child.send({4, ipc::AliveFrame{}});
    for (const Heard& one : read(kWorker)) {
      ++told;
      is_heard = is_heard && !std::holds_alternative<NoLongerHeard>(one);
    }
  }
  EXPECT_EQ(told, Children::kWrongTold + 1);
  EXPECT_FALSE(is_heard);
  EXPECT_TRUE(children_.open_pipes().empty()) << "a flood wakes nobody";
  child.send({5, ipc::ReadyFrame{}});
  EXPECT_TRUE(read(kWorker).empty());
}

TEST_F(ChildrenTest, LastWordsAreKeptWhenTheChildIsRemoved) {
  ipc::ControlEnd first = add(kWorker, 1);
  first.send({1, ipc::BootFailedFrame{"the port is taken"}});
  EXPECT_FALSE(children_.has_last_words(kWorker)) << "not read yet";
  EXPECT_TRUE(read(kWorker).empty()) << "they are no event";
  EXPECT_TRUE(children_.has_last_words(kWorker));
  EXPECT_EQ(children_.last_words(kWorker, 100), "") << "it may still live";
  children_.remove(kWorker, 100);
  EXPECT_EQ(children_.last_words(kWorker, 100), "the port is taken");
  EXPECT_EQ(children_.last_words(kOther, 100), "");
}

TEST_F(ChildrenTest, NobodyGetsTheLastWordsOfAnother) {
  ipc::ControlEnd first = add(kWorker, 1);
  first.send({1, ipc::BootFailedFrame{"the port is taken"}});
  read(kWorker);
  children_.remove(kWorker, 100);

  add(kWorker, 2);
  EXPECT_FALSE(children_.has_last_words(kWorker)) << "those were its predecessor's";
  children_.remove(kWorker, 101);
  EXPECT_EQ(children_.last_words(kWorker, 101), "") << "a silent one has none";

  ipc::ControlEnd third = add(kOther, 3);
  third.send({3, ipc::BootFailedFrame{"no such file"}});
  read(kOther);
  children_.remove(kOther, 102);
  EXPECT_EQ(children_.last_words(kOther, 102), "no such file");
  EXPECT_EQ(children_.last_words(kWorker, 100), "the port is taken");
  EXPECT_EQ(children_.last_words(kWorker, std::nullopt), "");
  children_.forget_last_words(kWorker);
  EXPECT_EQ(children_.last_words(kWorker, 100), "");
}

TEST_F(ChildrenTest, APipeStaysOpenUntilItsLastFramesAreRead) {
  ipc::ControlEnd child = add(kWorker, 1);
  const ipc::ControlEnd other = add(kOther, 2);
  ASSERT_EQ(children_.open_pipes().size(), 2U);
  child.send({1, ipc::ReadyFrame{}});
  child = ipc::ControlEnd();
  ASSERT_EQ(children_.open_pipes().size(), 2U);
  EXPECT_EQ(read(kWorker).size(), 1U);
  const auto open = children_.open_pipes();
  ASSERT_EQ(open.size(), 1U) << "nothing more will come from it";
  EXPECT_EQ(open[0].at, kOther);
}

TEST_F(ChildrenTest, SendsWithTheEpochOfTheChildThatIsThere) {
  ipc::ControlEnd child = add(kWorker, 9);
  EXPECT_EQ(children_.send(kWorker, ipc::DrainFrame{ipc::DrainReason::replaced}),
            ipc::SendResult::sent);
  const auto messages = received(child, 9);
  ASSERT_EQ(messages.size(), 1U);
  EXPECT_EQ(std::get<ipc::DrainFrame>(messages[0]).reason, ipc::DrainReason::replaced);
  EXPECT_EQ(children_.send(kNobody, ipc::ReopenLogsFrame{}), ipc::SendResult::closed);
}

TEST_F(ChildrenTest, SaysWhenAChildDoesNotRead) {
  const ipc::ControlEnd child = add(kWorker, 9);
  ipc::SendResult result = ipc::SendResult::sent;
  while (result == ipc::SendResult::sent) {
    result = children_.send(kWorker, ipc::ReopenLogsFrame{});
  }
  EXPECT_EQ(result, ipc::SendResult::full);
}

TEST_F(ChildrenTest, SendsToAll) {
  ipc::ControlEnd first = add(kWorker, 1);
  ipc::ControlEnd second = add(kOther, 2);
  children_.send_to_all(ipc::ReopenLogsFrame{});
  EXPECT_EQ(received(first, 1).size(), 1U);
  EXPECT_EQ(received(second, 2).size(), 1U);
}

TEST_F(ChildrenTest, AListenerMayAddAChildElsewhere) {
  ipc::ControlEnd child = add(kWorker, 1);
  child.send({1, ipc::ReadyFrame{}});
  child.send({1, ipc::AliveFrame{}});
  int heard = 0;
  children_.read(kWorker, [&](ipc::Place, const Heard&) {
    add({static_cast<std::uint32_t>(++heard) + 1, 0}, 2);
  });
  EXPECT_EQ(heard, 2);
  EXPECT_EQ(children_.open_pipes().size(), 3U);
}

TEST_F(ChildrenTest, AreDeafAMomentAfterTheyHaveClosedTheirPipesAndNamedOnce) {
  const ipc::ControlEnd other = add(kOther, 6);
  { const ipc::ControlEnd child = add(kWorker, 5); }
  read(kWorker);
  read(kOther);
  const auto now = supervision::Clock::now();
  EXPECT_TRUE(children_.take_deaf(now).empty()) << "it may be ending";
  EXPECT_EQ(children_.take_deaf(now + Children::kMoment), std::vector<ipc::Place>{kWorker});
  EXPECT_TRUE(children_.take_deaf(now + 2 * Children::kMoment).empty());
}

}  // namespace
}  // namespace prefork::master
