#include "server/http1/body_sender.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <cstdint>
#include <deque>
#include <functional>
#include <limits>
#include <memory>
#include <optional>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace prefork::http1 {
namespace {

constexpr std::uint64_t kHuge = std::numeric_limits<std::uint64_t>::max();

// A source that follows a script; behind its last step it is at its end.
class Script : public http::BodySource {
 public:
  struct Step {
    http::SourceStatus status = http::SourceStatus::more;
    std::string content;
    std::optional<std::size_t> claimed;  // instead of the content's size
    bool throws = false;
  };
  struct Seen {
    std::vector<std::size_t> rooms;
    bool started = false;
    bool destroyed = false;
  };

  Script(std::deque<Step> steps, Seen& seen) : steps_(std::move(steps)), seen_(seen) {}
  ~Script() override { seen_.destroyed = true; }

  void start(std::function<void()>) override { seen_.started = true; }

  http::SourceResult read(std::span<char> room) override {
    seen_.rooms.push_back(room.size());
    if (steps_.empty()) {
      return {http::SourceStatus::end, 0};
    }
    Step step = std::move(steps_.front());
    steps_.pop_front();
    if (step.throws) {
      throw std::runtime_error("no disk");
    }
    const std::size_t size = std::min(step.content.size(), room.size());
    step.content.copy(room.data(), size);
    return {step.status, step.claimed.value_or(size)};
  }

 private:
  std::deque<Step> steps_;
  Seen& seen_;
};

Script::Step give(std::string content) {
  return {http::SourceStatus::more, std::move(content), {}};
}
Script::Step claim(http::SourceStatus status, std::size_t size) { return {status, "", size}; }

class BodySenderTest : public testing::Test {
 protected:
  using Next = BodySender::Next;

  void start(std::deque<Script::Step> steps, BodyFraming framing,
             std::optional<std::uint64_t> size = {}) {
    seen_ = {};
    http::Response response;
    response.set_source(std::make_unique<Script>(std::move(steps), seen_), size);
    sender_.start(response, framing);
    sender_.start_source([] {});
  }
  void start(std::vector<http::BodyPiece> pieces) {
    http::Response response;
    for (http::BodyPiece& piece : pieces) {
      response.add_piece(std::move(piece));
    }
    sender_.start(response, BodyFraming::counted);
    sender_.start_source([] {});
  }

  // Asks until something else than content comes, which is `last_`; files appear as "[from+size]".
  std::string run(std::size_t at_once = 1'000'000) {
    std::string sent;
    http::ByteBuffer out;
    for (;;) {
      last_ = sender_.next(out);
      sent.append(out.view());
      out.clear();
      switch (last_) {
        case Next::buffered:
          break;
        case Next::text: {
          const std::size_t size = std::min(at_once, sender_.text().size());
          sent.append(sender_.text().substr(0, size));
          sender_.text_sent(size);
          break;
        }
        case Next::file: {
          const auto size = std::min<std::uint64_t>(at_once, sender_.file_size());
          sent.append("[").append(std::to_string(sender_.file())).append(":");
          sent.append(std::to_string(sender_.file_offset())).append("+");
          sent.append(std::to_string(size)).append("]");
          sender_.file_sent(static_cast<std::size_t>(size));
          break;
        }
        case Next::wait:
        case Next::end:
        case Next::failed:
          return sent;
      }
    }
  }

  // Nothing reads it: the sender only hands the number on.
  static std::shared_ptr<const ipc::OwnedFd> some_file() {
    return std::make_shared<const ipc::OwnedFd>(::dup(0));
  }
  static std::string text_of(const std::shared_ptr<const ipc::OwnedFd>& file,
                             std::string_view part) {
    return "[" + std::to_string(file->get()) + ":" + std::string(part) + "]";
  }

  Script::Seen seen_;
  BodySender sender_;
  Next last_ = Next::wait;
};

TEST_F(BodySenderTest, FramesChunksOfEverySizeOfTheirSize) {
  for (const auto& [size, line] :
       std::vector<std::pair<std::size_t, std::string>>{{1, "1"},
                                                        {15, "f"},
                                                        {16, "10"},
                                                        {0xFF, "ff"},
                                                        {0x100, "100"},
                                                        {0xFFF, "fff"},
                                                        {0x1000, "1000"},
                                                        {BodySender::kPieceBytes, "8000"}}) {
    std::string content(size, 'x');
    content.front() = '<';
    content.back() = '>';
    start({give(content), give("tail")}, BodyFraming::chunked);
    EXPECT_TRUE(run() == line + "\r\n" + content + "\r\n4\r\ntail\r\n0\r\n\r\n") << size;
    EXPECT_EQ(last_, Next::end);
    EXPECT_EQ(sender_.content_sent(), size + 4);
  }
}

TEST_F(BodySenderTest, AppendsBehindWhatIsInTheBuffer) {
  start({give("abc")}, BodyFraming::chunked);
  http::ByteBuffer out;
  out.append("head|");
  EXPECT_EQ(sender_.next(out), Next::buffered);
  EXPECT_EQ(out.view(), "head|3\r\nabc\r\n");
}

TEST_F(BodySenderTest, AnEmptySourceIsOnlyTheLastChunk) {
  start({}, BodyFraming::chunked);
  EXPECT_EQ(run(), "0\r\n\r\n");
  EXPECT_EQ(last_, Next::end);
  EXPECT_EQ(run(), "") << "the end is said once";
  EXPECT_EQ(last_, Next::end);
}

TEST_F(BodySenderTest, WithoutFramingTheContentIsAllThereIs) {
  start({give("abc"), give("def")}, BodyFraming::until_close);
  EXPECT_EQ(run(), "abcdef");
  EXPECT_EQ(last_, Next::end);
}

TEST_F(BodySenderTest, ACountedSourceIsSentAsItIs) {
  start({give("abc"), give("de")}, BodyFraming::counted, 5);
  EXPECT_EQ(run(), "abcde");
  EXPECT_EQ(last_, Next::end);
  EXPECT_EQ(seen_.rooms, (std::vector<std::size_t>{6, 3, 1})) << "one byte more than may come";
}

TEST_F(BodySenderTest, ACountedSourceThatWaitsBehindItsLastByteIsComplete) {
  start({give("abc"), claim(http::SourceStatus::wait, 0)}, BodyFraming::counted, 3);
  EXPECT_EQ(run(), "abc");
  EXPECT_EQ(last_, Next::end);
}

TEST_F(BodySenderTest, ACountedSourceThatIsTooShortFails) {
  start({give("ab")}, BodyFraming::counted, 3);
  EXPECT_EQ(run(), "ab");
  EXPECT_EQ(last_, Next::failed);
  EXPECT_STREQ(sender_.problem(), "the content is shorter than its length said");
}

TEST_F(BodySenderTest, ACountedSourceNeverSendsMoreThanItsLength) {
  start({give("ab"), give("cd")}, BodyFraming::counted, 3);
  EXPECT_EQ(run(), "ab");
  EXPECT_EQ(last_, Next::failed);
  start({give("abc"), give("d")}, BodyFraming::counted, 3);
  EXPECT_EQ(run(), "abc");
  EXPECT_EQ(last_, Next::failed);
  start({give("a")}, BodyFraming::counted, 0);
  EXPECT_EQ(run(), "");
  EXPECT_EQ(last_, Next::failed);
  EXPECT_STREQ(sender_.problem(), "the content is longer than its length said");
}

TEST_F(BodySenderTest, ACountedSourceMayBeOfAnySize) {
  constexpr std::uint64_t kPiece = BodySender::kPieceBytes;
  for (const std::uint64_t size : {kPiece - 1, kPiece, kPiece + 1, kHuge - 1, kHuge}) {
    start({give("a"), claim(http::SourceStatus::wait, 0)}, BodyFraming::counted, size);
    EXPECT_EQ(run(), "a") << size;
    EXPECT_EQ(last_, Next::wait) << size;
    EXPECT_EQ(seen_.rooms.front(), BodySender::kPieceBytes) << size;
  }
}

TEST_F(BodySenderTest, WaitsAndGoesOn) {
  start({give("a"), claim(http::SourceStatus::wait, 0), claim(http::SourceStatus::wait, 0),
         give("b")},
        BodyFraming::chunked);
  EXPECT_EQ(run(), "1\r\na\r\n");
  EXPECT_EQ(last_, Next::wait);
  EXPECT_EQ(run(), "");
  EXPECT_EQ(last_, Next::wait);
  EXPECT_EQ(run(), "1\r\nb\r\n0\r\n\r\n");
  EXPECT_EQ(last_, Next::end);
}

TEST_F(BodySenderTest, AFailingSourceHasNoLastChunk) {
  for (const Script::Step& bad :
       {claim(http::SourceStatus::failed, 0), claim(http::SourceStatus::more, 0),
        claim(http::SourceStatus::more, BodySender::kPieceBytes + 1),
        claim(http::SourceStatus::more, std::numeric_limits<std::size_t>::max()),
        Script::Step{http::SourceStatus::more, "x", {}, true}}) {
    start({give("a"), bad}, BodyFraming::chunked);
    EXPECT_EQ(run(), "1\r\na\r\n");
    EXPECT_EQ(last_, Next::failed);
    EXPECT_STREQ(sender_.problem(), "the source of the content failed");
    EXPECT_EQ(sender_.content_sent(), 1U);
    EXPECT_EQ(run(), "") << "a failure is for good";
    EXPECT_EQ(last_, Next::failed);
  }
}

TEST_F(BodySenderTest, ASourceThatCannotStartFails) {
  class Throwing : public http::BodySource {
    void start(std::function<void()>) override { throw std::runtime_error("no disk"); }
    http::SourceResult read(std::span<char>) override { return {http::SourceStatus::end, 0}; }
  };
  http::Response response;
  response.set_source(std::make_unique<Throwing>());
  sender_.start(response, BodyFraming::chunked);
  sender_.start_source([] {});
  EXPECT_EQ(run(), "");
  EXPECT_EQ(last_, Next::failed);
}

TEST_F(BodySenderTest, TakesItsSourceAndGivesItBackAtTheEnd) {
  start({give("a")}, BodyFraming::chunked);
  EXPECT_TRUE(seen_.started);
  EXPECT_FALSE(seen_.destroyed);
  sender_.reset();
  EXPECT_TRUE(seen_.destroyed);
  EXPECT_EQ(run(), "");
  EXPECT_EQ(last_, Next::end);
}

TEST_F(BodySenderTest, SendsPiecesOfEveryMixInTheirOrder) {
  const auto file = some_file();
  for (const std::size_t at_once : {1'000'000U, 3U, 1U}) {
    start({{"one", nullptr, 0, 0},
           {"", nullptr, 0, 0},
           {"two", file, 10, 2},
           {"", file, 20, 1},
           {"", file, 5, 0},
           {"three", nullptr, 7, 0}});
    std::string expected = "onetwo" + text_of(file, "10+2") + text_of(file, "20+1") + "three";
    if (at_once == 1) {
      expected = "onetwo" + text_of(file, "10+1") + text_of(file, "11+1") + text_of(file, "20+1") +
                 "three";
    }
    EXPECT_EQ(run(at_once), expected);
    EXPECT_EQ(last_, Next::end);
    EXPECT_EQ(sender_.content_sent(), 14U);
  }
}

TEST_F(BodySenderTest, PiecesThatAreAllEmptyAreTheEnd) {
  start({{"", nullptr, 0, 0}, {"", some_file(), 3, 0}});
  EXPECT_EQ(run(), "");
  EXPECT_EQ(last_, Next::end);
}

TEST_F(BodySenderTest, AFileThatEndsTooSoonFailsForGood) {
  const auto file = some_file();
  start({{"", file, 0, 10}, {"behind", nullptr, 0, 0}});
  http::ByteBuffer out;
  ASSERT_EQ(sender_.next(out), Next::file);
  sender_.file_sent(4);
  ASSERT_EQ(sender_.next(out), Next::file);
  EXPECT_EQ(sender_.file_offset(), 4U);
  EXPECT_EQ(sender_.file_size(), 6U);
  sender_.file_ended();
  EXPECT_EQ(run(), "");
  EXPECT_EQ(last_, Next::failed);
  EXPECT_STREQ(sender_.problem(), "the file became shorter while it was sent");
  EXPECT_EQ(sender_.content_sent(), 4U);
}

TEST_F(BodySenderTest, ClosesItsFilesWhenItIsReset) {
  auto file = some_file();
  const std::weak_ptr<const ipc::OwnedFd> watched = file;
  start({{"", std::move(file), 0, 10}});
  EXPECT_FALSE(watched.expired());
  sender_.reset();
  EXPECT_TRUE(watched.expired());
}

TEST_F(BodySenderTest, StartsAnewAfterAFailure) {
  start({claim(http::SourceStatus::failed, 0)}, BodyFraming::chunked);
  run();
  start({give("b")}, BodyFraming::counted, 1);
  EXPECT_EQ(run(), "b");
  EXPECT_EQ(last_, Next::end);
  EXPECT_EQ(sender_.content_sent(), 1U);
  EXPECT_STREQ(sender_.problem(), "");
}

}  // namespace
}  // namespace prefork::http1
