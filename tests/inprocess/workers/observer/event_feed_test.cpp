// What listeners of /events are told, at the pace at which each of them reads.
#include "workers/observer/event_feed.h"

#include <gtest/gtest.h>

#include <array>
#include <chrono>
#include <string>
#include <vector>

#include "server/http/body_source.h"
#include "tests/support/set_clock.h"

namespace prefork::observer {
namespace {

class EventFeedTest : public testing::Test {
 protected:
  struct Stream {
    std::unique_ptr<http::BodySource> source;
    int wakes = 0;
  };

  // Null: it was turned away.
  std::unique_ptr<Stream> connect() {
    http::Response response;
    feed_.answer(response);
    if (response.status() != 200) {
      refused_ = std::move(response);
      return nullptr;
    }
    EXPECT_EQ(response.content_type(), "text/event-stream");
    EXPECT_TRUE(response.wants_close());
    auto stream = std::make_unique<Stream>();
    stream->source = response.take_source();
    stream->source->start([stream = stream.get()] { ++stream->wakes; });
    return stream;
  }
  // All there is, in pieces of this size; "." at the end: that was all there will be.
  static std::string read(Stream& stream, std::size_t size = 7) {
    std::string text;
    std::string room(size, '\0');
    for (;;) {
      const http::SourceResult result = stream.source->read(room);
      if (result.status != http::SourceStatus::more) {
        return text + (result.status == http::SourceStatus::end ? "." : "");
      }
      text.append(room, 0, result.size);
    }
  }
  void pass_a_second() { pass(EventFeed::kIntervalNs); }
  void pass(std::uint64_t time_ns) {
    clock_.advance(std::chrono::nanoseconds(time_ns));
    loop_.refresh_now();
    while (loop_.poll()) {
    }
  }
  static std::string state(int number) {
    return "event: state\ndata: " + std::to_string(number) + "\n\n";
  }
  static std::string details(const std::string& text) {
    return "event: details\ndata: " + text + "\n\n";
  }

  test::SetClock clock_;
  loop::EventLoop loop_{clock_};
  int looks_ = 0;
  std::uint64_t look_takes_ns_ = 0;
  std::string details_ = "a";
  http::Response refused_;
  EventFeed feed_{loop_, [this] {
                    clock_.advance(std::chrono::nanoseconds(look_takes_ns_));
                    return LiveReport{std::to_string(++looks_), details_};
                  }};
};

TEST_F(EventFeedTest, TellsEverythingAtOnceAndThenWhatIsNewOnceASecond) {
  const auto stream = connect();
  EXPECT_EQ(read(*stream), details("a") + state(1));
  EXPECT_EQ(read(*stream), "");
  pass_a_second();
  EXPECT_EQ(stream->wakes, 1);
  EXPECT_EQ(read(*stream), state(2));
  details_ = "b";
  pass_a_second();
  EXPECT_EQ(read(*stream), details("b") + state(3));
}

TEST_F(EventFeedTest, TellsNoSoonerThanASecondAfterWhatTookLongToSee) {
  const auto stream = connect();
  read(*stream);
  look_takes_ns_ = EventFeed::kIntervalNs / 4;
  pass_a_second();
  EXPECT_EQ(read(*stream), state(2));
  look_takes_ns_ = 0;
  pass(EventFeed::kIntervalNs - 1);
  EXPECT_EQ(read(*stream), "");
  pass(1);
  EXPECT_EQ(read(*stream), state(3));
}

TEST_F(EventFeedTest, LooksOnceForAllAndNotAtAllForNobody) {
  pass_a_second();
  EXPECT_EQ(looks_, 0);
  {
    const auto first = connect();
    const auto second = connect();
    EXPECT_EQ(looks_, 1);
    EXPECT_EQ(read(*first), read(*second));
    pass_a_second();
    EXPECT_EQ(looks_, 2);
    EXPECT_EQ(read(*first), state(2));
    EXPECT_EQ(read(*second), state(2));
  }
  EXPECT_EQ(feed_.listeners(), 0u);
  pass_a_second();
  pass_a_second();
  EXPECT_EQ(looks_, 2);
  // Who comes then is not told what was.
  EXPECT_EQ(read(*connect()), details("a") + state(3));
}

TEST_F(EventFeedTest, HasTheNewestForWhoeverReadsSlowlyAndKeepsNothingBesides) {
  const auto stream = connect();
  std::array<char, 10> room{};
  EXPECT_EQ(stream->source->read(room).size, room.size());
  for (int i = 0; i < 100; ++i) {
    pass_a_second();
  }
  // The event it was in the middle of, and the last one.
  EXPECT_EQ(read(*stream), details("a").substr(room.size()) + state(101));
}

TEST_F(EventFeedTest, TurnsAwayWhoIsOneTooMany) {
  std::vector<std::unique_ptr<Stream>> streams;
  for (std::size_t i = 0; i < EventFeed::kMaxListeners; ++i) {
    streams.push_back(connect());
    ASSERT_NE(streams.back(), nullptr);
  }
  EXPECT_EQ(connect(), nullptr);
  EXPECT_EQ(refused_.status(), 503);
  EXPECT_EQ(refused_.fields().find("retry-after"), "5");
  streams.pop_back();
  EXPECT_NE(connect(), nullptr);
}

TEST_F(EventFeedTest, EndsTheStreamsBehindTheEventThatIsOnItsWay) {
  const auto stream = connect();
  std::array<char, 10> room{};
  static_cast<void>(stream->source->read(room));
  feed_.end();
  EXPECT_EQ(stream->wakes, 1);
  EXPECT_EQ(read(*stream), details("a").substr(room.size()) + ".");
  EXPECT_EQ(read(*connect()), ".");
  pass_a_second();
  EXPECT_EQ(looks_, 1);
}

}  // namespace
}  // namespace prefork::observer
