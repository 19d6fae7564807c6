#include "server/net/output.h"

#include <gtest/gtest.h>

#include <deque>
#include <memory>
#include <string>
#include <string_view>

namespace prefork::net {
namespace {

// Does with each write what the test has planned; without a plan it takes everything.
class PlannedTransport : public Transport {
 public:
  [[nodiscard]] TransportTraits traits() const override {
    TransportTraits traits;
    traits.repeats_writes = repeats_writes;
    traits.can_send_files = !repeats_writes;
    return traits;
  }
  IoResult read(char*, std::size_t) override { return {}; }
  IoResult write(std::string_view bytes) override {
    offered.emplace_back(bytes);
    IoResult result{IoStatus::done, bytes.size(), false};
    if (!plan.empty()) {
      result = plan.front();
      plan.pop_front();
    }
    taken.append(bytes.substr(0, result.size));
    return result;
  }
  IoResult write(std::string_view first, std::string_view second) override {
    return write(std::string(first).append(second));
  }
  IoResult send_file(int, std::uint64_t, std::uint64_t size) override {
    IoResult result{IoStatus::done, static_cast<std::size_t>(size), false};
    if (!plan.empty()) {
      result = plan.front();
      plan.pop_front();
    }
    return result;
  }
  void finish_writing() override {}
  void close() override {}
  void abort() override {}
  [[nodiscard]] int fd() const override { return -1; }
  ipc::OwnedFd release() override { return {}; }

  bool repeats_writes = false;
  std::deque<IoResult> plan;
  std::deque<std::string> offered;
  std::string taken;
};

constexpr IoResult kFull{IoStatus::want_write, 0, false};
constexpr IoResult kWantsRead{IoStatus::want_read, 0, false};

class OutputTest : public testing::Test {
 protected:
  IoResult some(std::size_t size) { return {IoStatus::done, size, false}; }

  PlannedTransport transport_;
  http::ByteBuffer batch_;
  std::unique_ptr<ipc::Counters> counters_ = std::make_unique<ipc::Counters>();
  const OutputServices services_{batch_, *counters_};
  Output output_{transport_, services_};
};

TEST_F(OutputTest, WritesWhatWasGatheredWithOneCall) {
  batch_.append("one");
  batch_.append("two");
  EXPECT_TRUE(output_.flush());
  EXPECT_EQ(transport_.offered, std::deque<std::string>{"onetwo"});
  EXPECT_TRUE(batch_.empty());
  EXPECT_EQ(counters_->get(ipc::Counter::bytes_out), 6U);
  EXPECT_TRUE(output_.flush()) << "nothing is left";
  EXPECT_EQ(transport_.offered.size(), 1U);
}

TEST_F(OutputTest, KeepsWhatIsNotTakenInOrderAndGoesOnWhenThereIsRoom) {
  transport_.plan = {some(2), kFull};
  batch_.append("abcd");
  EXPECT_FALSE(output_.flush());
  EXPECT_TRUE(output_.is_blocked());
  EXPECT_TRUE(output_.waits_for_writable());
  EXPECT_TRUE(batch_.empty()) << "another connection gathers there now";
  batch_.append("ef");
  EXPECT_FALSE(output_.flush());
  EXPECT_EQ(transport_.offered.size(), 2U) << "while it waits nothing is tried";
  output_.retry();
  EXPECT_FALSE(output_.is_blocked());
  EXPECT_EQ(transport_.taken, "abcdef");
}

TEST_F(OutputTest, TextGoesWithWhatWasGatheredAndIsNotKept) {
  transport_.plan = {some(5)};
  batch_.append("head");
  EXPECT_EQ(output_.send("text"), 1U);
  EXPECT_EQ(transport_.offered.front(), "headtext");
  transport_.plan = {some(2), kFull};
  batch_.append("more");
  EXPECT_EQ(output_.send("ext"), 0U);
  EXPECT_EQ(batch_.view(), "re") << "to go with the next try";
  EXPECT_EQ(output_.send("ext"), 0U);
  EXPECT_TRUE(output_.is_blocked());
  output_.retry();
  EXPECT_EQ(transport_.taken, "headtmore");
}

TEST_F(OutputTest, TellsOnceThatItBeganToWaitAndAgainWhenSomethingMoved) {
  EXPECT_FALSE(output_.take_progress());
  transport_.plan = {kFull, kFull, some(1), kFull};
  batch_.append("abc");
  output_.flush();
  EXPECT_TRUE(output_.take_progress());
  EXPECT_FALSE(output_.take_progress());
  output_.retry();
  EXPECT_FALSE(output_.take_progress()) << "trying moves nothing";
  output_.retry();
  EXPECT_TRUE(output_.take_progress());
}

TEST_F(OutputTest, APeerThatIsGoneIsCountedAndTakesNothingMore) {
  transport_.plan = {{IoStatus::reset, 0, false}};
  batch_.append("abc");
  EXPECT_FALSE(output_.flush());
  EXPECT_TRUE(output_.is_gone());
  EXPECT_TRUE(output_.is_blocked());
  EXPECT_EQ(counters_->get(ipc::Counter::peer_resets), 1U);
  batch_.append("def");
  EXPECT_FALSE(output_.flush());
  EXPECT_EQ(transport_.offered.size(), 1U);
  EXPECT_TRUE(batch_.empty());
}

TEST_F(OutputTest, ARecordThatWasRefusedIsOfferedAgainExactly) {
  transport_.repeats_writes = true;
  transport_.plan = {kWantsRead};
  batch_.append("abc");
  EXPECT_FALSE(output_.flush());
  EXPECT_TRUE(output_.waits_for_readable());
  batch_.append("def");
  output_.flush();
  transport_.plan = {kFull};
  output_.retry();
  EXPECT_EQ(transport_.offered.back(), "abc") << "and no more, although more has come";
  output_.retry();
  EXPECT_EQ(transport_.taken, "abcdef");
}

TEST_F(OutputTest, AfterLessOfAFileThanWasOfferedItWaitsForRoom) {
  IoResult less = some(3);
  less.filled = true;
  transport_.plan = {some(10), less};
  EXPECT_EQ(output_.send_file(0, 0, 10).size, 10U);
  EXPECT_FALSE(output_.is_blocked());
  const IoResult result = output_.send_file(0, 10, 10);
  EXPECT_EQ(result.status, IoStatus::done);
  EXPECT_EQ(result.size, 3U);
  EXPECT_TRUE(output_.waits_for_writable()) << "without a call that is only told so";
  output_.retry();
  EXPECT_FALSE(output_.is_blocked());
}

TEST_F(OutputTest, WithoutSendFileAFileIsReadInPieces) {
  transport_.repeats_writes = true;
  std::FILE* const file = std::tmpfile();
  ASSERT_NE(file, nullptr);
  std::fputs("0123456789", file);
  std::fflush(file);
  const IoResult result = output_.send_file(::fileno(file), 3, 4);
  EXPECT_EQ(result.status, IoStatus::done);
  EXPECT_EQ(result.size, 4U);
  EXPECT_EQ(transport_.taken, "3456");
  EXPECT_EQ(output_.send_file(::fileno(file), 10, 4).status, IoStatus::end);
  std::fclose(file);
}

}  // namespace
}  // namespace prefork::net
