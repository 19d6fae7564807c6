#include "server/exchange/body_channel.h"

#include <gtest/gtest.h>

#include <array>
#include <atomic>
#include <cstddef>
#include <functional>
#include <future>
#include <memory>
#include <string>
#include <string_view>
#include <thread>

namespace prefork::exchange {
namespace {

constexpr std::size_t kCapacity = BodyChannel::kCapacity;

// What the loop would do: counts how often it was woken, and waits for it.
class Loop {
 public:
  std::function<void()> wake() {
    return [this] {
      wakes_.fetch_add(1);
      wakes_.notify_all();
    };
  }
  [[nodiscard]] int wakes() const { return wakes_.load(); }
  void wait_for(int wakes) {
    for (int seen = wakes_.load(); seen < wakes; seen = wakes_.load()) {
      wakes_.wait(seen);
    }
  }

 private:
  std::atomic<int> wakes_{0};
};

class BodyChannelTest : public testing::Test {
 protected:
  // Reads without waiting, until there is nothing more; `last` says why not.
  std::string try_read_all() {
    std::string all;
    std::array<char, 10'000> room;
    for (;;) {
      const http::SourceResult result = channel_.try_read(room);
      last_ = result.status;
      if (result.status != http::SourceStatus::more) {
        return all;
      }
      all.append(room.data(), result.size);
    }
  }
  std::string read_all() {
    std::string all;
    std::array<char, 10'000> room;
    for (;;) {
      const http::SourceResult result = channel_.read(room);
      last_ = result.status;
      if (result.status != http::SourceStatus::more) {
        return all;
      }
      all.append(room.data(), result.size);
    }
  }

  Loop loop_;
  BodyChannel channel_{loop_.wake()};
  http::SourceStatus last_ = http::SourceStatus::wait;
};

TEST_F(BodyChannelTest, GivesWhatWasWrittenInItsOrder) {
  EXPECT_TRUE(channel_.write("one "));
  EXPECT_TRUE(channel_.write("two"));
  EXPECT_EQ(try_read_all(), "one two");
  EXPECT_EQ(last_, http::SourceStatus::wait);
  channel_.write("!");
  channel_.finish();
  EXPECT_EQ(try_read_all(), "!") << "what was written before the end is still read";
  EXPECT_EQ(last_, http::SourceStatus::end);
}

TEST_F(BodyChannelTest, GivesNoMoreThanThereIsRoomFor) {
  channel_.write("abcde");
  channel_.finish();
  std::array<char, 2> room;
  std::string all;
  for (const std::size_t expected : {2U, 2U, 1U}) {
    const http::SourceResult result = channel_.try_read(room);
    ASSERT_EQ(result.status, http::SourceStatus::more);
    EXPECT_EQ(result.size, expected);
    all.append(room.data(), result.size);
  }
  EXPECT_EQ(all, "abcde");
  EXPECT_EQ(channel_.try_read(room).status, http::SourceStatus::end);
  EXPECT_EQ(channel_.try_read(room).status, http::SourceStatus::end) << "again and again";
}

TEST_F(BodyChannelTest, NoRoomIsNotTheEnd) {
  channel_.write("a");
  channel_.finish();
  EXPECT_EQ(channel_.try_read({}).status, http::SourceStatus::wait);
  EXPECT_EQ(channel_.read({}).status, http::SourceStatus::wait);
  EXPECT_EQ(try_read_all(), "a");
}

TEST_F(BodyChannelTest, WritingNothingIsNothing) {
  EXPECT_TRUE(channel_.write(""));
  EXPECT_EQ(try_read_all(), "");
  EXPECT_EQ(last_, http::SourceStatus::wait);
}

TEST_F(BodyChannelTest, WakesALoopThatFoundNothing) {
  channel_.write("a");
  EXPECT_EQ(loop_.wakes(), 0) << "it has not looked yet";
  try_read_all();
  channel_.write("b");
  EXPECT_EQ(loop_.wakes(), 1);
  channel_.write("c");
  EXPECT_EQ(loop_.wakes(), 1) << "it is on its way";
  try_read_all();
  channel_.finish();
  EXPECT_EQ(loop_.wakes(), 2);
}

TEST_F(BodyChannelTest, AWriterOnAThreadIsSlowedDownByALoopThatReads) {
  const std::string all(5 * kCapacity + 17, 'x');
  std::atomic<bool> written{false};
  std::thread writer([&] {
    EXPECT_TRUE(channel_.write(all));
    written = true;
    channel_.finish();
  });
  std::string received;
  std::array<char, 4096> room;
  for (int wakes = 0;;) {
    const http::SourceResult result = channel_.try_read(room);
    if (result.status == http::SourceStatus::end) {
      break;
    }
    if (result.status == http::SourceStatus::wait) {
      loop_.wait_for(++wakes);
      wakes = loop_.wakes();
      continue;
    }
    ASSERT_EQ(result.status, http::SourceStatus::more);
    received.append(room.data(), result.size);
    if (received.size() < 4 * kCapacity) {
      EXPECT_FALSE(written) << "more than the capacity was taken in advance";
    }
  }
  writer.join();
  EXPECT_TRUE(received == all);
}

TEST_F(BodyChannelTest, AReaderOnAThreadWaitsForWhatALoopPushes) {
  auto reader = std::async(std::launch::async, [this] { return read_all(); });
  loop_.wait_for(1);  // the reader has asked
  EXPECT_TRUE(channel_.push("one "));
  EXPECT_TRUE(channel_.push("two"));
  channel_.finish();
  EXPECT_EQ(reader.get(), "one two");
  EXPECT_EQ(last_, http::SourceStatus::end);
}

TEST_F(BodyChannelTest, PushTakesEverythingAndSaysWhenItIsTooMuch) {
  EXPECT_TRUE(channel_.push(std::string(kCapacity - 1, 'x')));
  EXPECT_TRUE(channel_.has_room());
  EXPECT_FALSE(channel_.push("yz"));
  EXPECT_FALSE(channel_.has_room());
  EXPECT_EQ(loop_.wakes(), 0);

  std::string all;
  std::array<char, 1000> room;
  int wakes_at_room = 0;
  while (all.size() < kCapacity + 1) {
    const http::SourceResult result = channel_.read(room);
    ASSERT_EQ(result.status, http::SourceStatus::more);
    all.append(room.data(), result.size);
    if (wakes_at_room == 0 && channel_.has_room()) {
      wakes_at_room = loop_.wakes();
    }
  }
  EXPECT_TRUE(all.ends_with("xyz"));
  EXPECT_EQ(wakes_at_room, 2) << "once for the first question, once for the room";
  EXPECT_EQ(loop_.wakes(), 2);
}

TEST_F(BodyChannelTest, TheFirstQuestionWakesTheLoopOnce) {
  channel_.push("a");
  EXPECT_FALSE(channel_.was_asked());
  std::array<char, 10> room;
  EXPECT_EQ(channel_.read(room).size, 1U);
  EXPECT_TRUE(channel_.was_asked());
  EXPECT_EQ(loop_.wakes(), 1);
  channel_.push("b");
  channel_.read(room);
  EXPECT_EQ(loop_.wakes(), 1);
}

TEST_F(BodyChannelTest, LookingWithoutWaitingIsNoQuestion) {
  std::array<char, 10> room;
  channel_.try_read(room);
  EXPECT_FALSE(channel_.was_asked());
}

TEST_F(BodyChannelTest, TwoThreadsMayBeAtItsEnds) {
  const std::string all(3 * kCapacity + 5, 'x');
  auto reader = std::async(std::launch::async, [this] { return read_all(); });
  loop_.wait_for(1);  // it waits, or will in a moment, on an empty channel
  EXPECT_TRUE(channel_.write(all));
  channel_.finish();
  EXPECT_TRUE(reader.get() == all);
}

TEST_F(BodyChannelTest, AWriterThatWaitsIsToldThatNobodyReads) {
  channel_.write(std::string(kCapacity, 'x'));
  auto written = std::async(std::launch::async, [this] { return channel_.write("more"); });
  channel_.abandon();
  EXPECT_FALSE(written.get());
  EXPECT_FALSE(channel_.write("again"));
  EXPECT_FALSE(channel_.is_wanted());
  EXPECT_TRUE(channel_.push("the loop gets rid of it")) << "and is not asked to wait";
  EXPECT_TRUE(channel_.has_room());
  EXPECT_EQ(try_read_all(), "");
}

TEST_F(BodyChannelTest, AReaderThatWaitsIsToldThatTheRestWillNotCome) {
  auto reader = std::async(std::launch::async, [this] { return read_all(); });
  loop_.wait_for(1);
  channel_.fail();
  EXPECT_EQ(reader.get(), "");
  EXPECT_EQ(last_, http::SourceStatus::failed);
}

TEST_F(BodyChannelTest, FailureComesBeforeWhatWasNotReadYet) {
  channel_.push("a");
  channel_.fail();
  EXPECT_EQ(try_read_all(), "");
  EXPECT_EQ(last_, http::SourceStatus::failed);
  channel_.finish();
  try_read_all();
  EXPECT_EQ(last_, http::SourceStatus::failed) << "it stays";
}

TEST_F(BodyChannelTest, AnEndThatWasNotReadYetCanStillFail) {
  channel_.push("a");
  channel_.finish();
  channel_.fail();
  EXPECT_EQ(try_read_all(), "");
  EXPECT_EQ(last_, http::SourceStatus::failed);
}

TEST_F(BodyChannelTest, NothingIsWrittenBehindTheEnd) {
  channel_.finish();
  EXPECT_FALSE(channel_.write("a"));
  EXPECT_TRUE(channel_.push("b"));
  EXPECT_EQ(try_read_all(), "");
  EXPECT_EQ(last_, http::SourceStatus::end);
}

TEST_F(BodyChannelTest, ALoopThatWaitsForRoomIsWokenWhenNobodyReads) {
  EXPECT_FALSE(channel_.push(std::string(kCapacity, 'x')));
  channel_.abandon();
  EXPECT_EQ(loop_.wakes(), 1);
  EXPECT_TRUE(channel_.has_room());
}

TEST_F(BodyChannelTest, WorksWithoutALoopToWake) {
  BodyChannel channel(nullptr);
  channel.push("a");
  channel.finish();
  std::array<char, 10> room;
  EXPECT_EQ(channel.read(room).size, 1U);
  EXPECT_EQ(channel.read(room).status, http::SourceStatus::end);
}

TEST(ChannelSource, AbandonsItsChannelWhenItGoes) {
  const auto channel = std::make_shared<BodyChannel>(nullptr);
  {
    ChannelSource source(channel);
    EXPECT_TRUE(channel->write("a"));
    std::array<char, 10> room;
    EXPECT_EQ(source.read(room).size, 1U);
    EXPECT_EQ(source.read(room).status, http::SourceStatus::wait);
  }
  EXPECT_FALSE(channel->write("b"));
}

TEST_F(BodyChannelTest, AHandlerWithoutAThreadIsToldOnceThatThereIsRoom) {
  int times = 0;
  EXPECT_FALSE(channel_.tell_handler([&] { ++times; })) << "there is room";
  EXPECT_EQ(channel_.try_write(std::string(kCapacity, 'a')), ChannelState::open);
  EXPECT_EQ(channel_.try_write("b"), ChannelState::full);
  EXPECT_TRUE(channel_.tell_handler([&] { ++times; }));
  EXPECT_EQ(times, 0);
  try_read_all();
  EXPECT_EQ(times, 1);
  EXPECT_EQ(channel_.try_write("b"), ChannelState::open);
}

TEST_F(BodyChannelTest, AHandlerWithoutAThreadIsToldOfContentAndOfItsEnd) {
  std::array<char, 8> room;
  int times = 0;
  EXPECT_EQ(channel_.read_now(room).status, http::SourceStatus::wait);
  EXPECT_EQ(loop_.wakes(), 1) << "it has asked for content";
  EXPECT_TRUE(channel_.tell_handler([&] { ++times; }));
  channel_.push("abc");
  EXPECT_EQ(times, 1);
  EXPECT_FALSE(channel_.tell_handler([&] { ++times; }));
  EXPECT_EQ(channel_.read_now(room).size, 3U);
  EXPECT_TRUE(channel_.tell_handler([&] { ++times; }));
  channel_.finish();
  EXPECT_EQ(times, 2);
  EXPECT_EQ(channel_.read_now(room).status, http::SourceStatus::end);
}

TEST_F(BodyChannelTest, AWriterWithoutAThreadIsToldOnceThatNobodyReads) {
  int times = 0;
  EXPECT_TRUE(channel_.tell_gone([&] { times += 10; }));
  EXPECT_TRUE(channel_.tell_gone(nullptr)) << "not any more";
  EXPECT_TRUE(channel_.tell_gone([&] { ++times; }));
  channel_.abandon();
  channel_.abandon();
  EXPECT_EQ(times, 1);
  EXPECT_FALSE(channel_.tell_gone([&] { ++times; }));
}

}  // namespace
}  // namespace prefork::exchange
