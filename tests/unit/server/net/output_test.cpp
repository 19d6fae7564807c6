#include "server/net/output.h"

#include <gtest/gtest.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include <deque>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "ipc/base/tcp_limits.h"
#include "tests/support/set_clock.h"

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
  [[nodiscard]] int fd() const override { return socket; }
  ipc::OwnedFd release() override { return {}; }

  bool repeats_writes = false;
  int socket = -1;
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
  test::SetClock clock_;
  loop::EventLoop loop_{clock_};
  BulkTransfers bulk_{loop_};
  const OutputServices services_{batch_, *counters_, bulk_};
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

// Whose peer makes room again and again.
class BulkOutput : public OutputTest {
 protected:
  struct Stream {
    explicit Stream(const OutputServices& services) : output(transport, services) {
      transport.socket = socket.get();
      EXPECT_TRUE(ipc::limit_unsent(socket.get(), ipc::kMaxUnsentBytes));
    }
    [[nodiscard]] int most_unsent() const {
      int bytes = -1;
      socklen_t size = sizeof bytes;
      ::getsockopt(socket.get(), IPPROTO_TCP, TCP_NOTSENT_LOWAT, &bytes, &size);
      return bytes;
    }

    ipc::OwnedFd socket{::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)};
    PlannedTransport transport;
    Output output;
  };

  // It is full, and after so long it is not.
  void refill(Stream& stream, std::uint64_t after_ms, int times) {
    for (int i = 0; i < times; ++i) {
      stream.transport.plan = {kFull};
      batch_.append("x");
      stream.output.flush();
      clock_.time_ns += after_ms * 1'000'000;
      loop_.refresh_now();
      stream.output.retry();
    }
  }

  static constexpr int kMachinesLimit = 0;
  // The first one comes after nothing.
  static constexpr int kEnough = BulkTransfers::kRefills + 1;
};

TEST_F(BulkOutput, MayHaveMoreUnsentOnceThePeerHasShownThatItReads) {
  Stream stream(services_);
  refill(stream, BulkTransfers::kRefillMs, kEnough - 1);
  EXPECT_EQ(stream.most_unsent(), ipc::kMaxUnsentBytes);
  refill(stream, BulkTransfers::kRefillMs, 1);
  EXPECT_EQ(stream.most_unsent(), kMachinesLimit);
  stream.output.rest();
  EXPECT_EQ(stream.most_unsent(), ipc::kMaxUnsentBytes);
  EXPECT_EQ(bulk_.under_way(), 0U);
}

TEST_F(BulkOutput, OfASlowPeerNeverMayHaveMore) {
  Stream stream(services_);
  refill(stream, BulkTransfers::kRefillMs + 1, 3 * kEnough);
  refill(stream, BulkTransfers::kRefillMs, kEnough - 2);
  refill(stream, BulkTransfers::kRefillMs + 1, 1);
  refill(stream, BulkTransfers::kRefillMs, kEnough - 2);
  EXPECT_EQ(stream.most_unsent(), ipc::kMaxUnsentBytes);
}

TEST_F(BulkOutput, MayHaveMoreOnlyAFewAtATime) {
  std::vector<std::unique_ptr<Stream>> streams;
  for (std::uint32_t i = 0; i <= BulkTransfers::kMost; ++i) {
    streams.push_back(std::make_unique<Stream>(services_));
    refill(*streams.back(), 1, 2 * kEnough);
  }
  EXPECT_EQ(bulk_.under_way(), BulkTransfers::kMost);
  EXPECT_EQ(streams.back()->most_unsent(), ipc::kMaxUnsentBytes);
  streams.front()->output.close();
  refill(*streams.back(), 1, kEnough);
  EXPECT_EQ(streams.back()->most_unsent(), kMachinesLimit);
  EXPECT_EQ(bulk_.under_way(), BulkTransfers::kMost);
}

TEST_F(BulkOutput, OfALocalSocketIsAsAllOthers) {
  Stream stream(services_);
  const ipc::OwnedFd local(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  stream.transport.socket = local.get();
  refill(stream, 1, 3 * kEnough);
  EXPECT_EQ(bulk_.under_way(), 0U);
}

}  // namespace
}  // namespace prefork::net
