// A topic in every order and with a publisher killed anywhere: no piece is torn, each comes in its
// order, and what a reader does not get it is told of.
#include <gtest/gtest.h>

#include <array>
#include <cstring>
#include <memory>
#include <span>
#include <string>

#include "ipc/shared/topic.h"
#include "tests/model/exploring.h"

namespace prefork::model {
namespace {

using ipc::Outcome;

class WithTopic {
 public:
  // Two words, which a reader must never see one without the other. False: not within its time,
  // which is only right when somebody has died.
  bool publish(std::uint64_t value) {
    const std::array<std::uint64_t, 2> piece{value, value};
    return topic().publish(std::as_bytes(std::span(piece))) == Outcome::done;
  }
  // All that there is.
  void read() {
    for (std::string piece; topic().read(cursor_, piece); ++got_) {
      std::array<std::uint64_t, 2> words{};
      Explorer::require(piece.size() == sizeof words, "a piece is cut");
      std::memcpy(words.data(), piece.data(), sizeof words);
      Explorer::require(words[0] == words[1] && words[0] != 0, "a piece is torn");
      Explorer::require(words[0] != last_, "a piece is delivered twice");
      last_ = words[0];
    }
  }
  void check(bool has_kills) {
    read();
    Explorer::require(got_ + cursor_.lost == topic().published(), "a piece is lost in silence");
    Explorer::require(has_kills || topic().published() == 2, "a piece was not published");
    const std::uint64_t before = got_;
    Explorer::require(publish(9), "it does not work any more");
    read();
    Explorer::require(got_ == before + 1 && last_ == 9, "what comes later is not read");
  }

 private:
  static constexpr ipc::Topic::Shape kShape{1, 16};

  ipc::Topic topic() { return {state_, room_.data(), kShape}; }

  ipc::TopicState state_;
  alignas(8) std::array<std::byte, 32> room_{};
  ipc::Topic::Cursor cursor_;
  std::uint64_t got_ = 0;
  std::uint64_t last_ = 0;
};

// With room for one piece, so that the second is written over the first while that is read.
void prepare_topic(Explorer& explorer, bool has_kills) {
  const auto topic = std::make_shared<WithTopic>();
  for (std::uint64_t value = 1; value <= 2; ++value) {
    explorer.add_process([topic, value, has_kills] {
      Explorer::require(topic->publish(value) || has_kills, "nobody else is at it for so long");
    });
  }
  explorer.add_thread([topic] { topic->read(); });
  explorer.at_end([topic, has_kills] { topic->check(has_kills); });
}

TEST(ModelOfTopic, APieceIsWrittenOverAnotherWhileThatIsRead) {
  expect_no_problem({.preemptions = 3}, [](Explorer& explorer) { prepare_topic(explorer, false); });
}

TEST(ModelOfTopic, APublisherIsKilledAnywhere) {
  expect_no_problem({.preemptions = 1, .kills = 1},
                    [](Explorer& explorer) { prepare_topic(explorer, true); });
}

// Two changes and three who follow them, of whom each change wakes one by itself.
void prepare_news(Explorer& explorer, bool passes_on) {
  struct News {
    ipc::WaitPoint point;
    ipc::Atomic<std::uint32_t> changes{0};
  };
  constexpr std::uint32_t kChanges = 2;
  const auto news = std::make_shared<News>();
  for (int i = 0; i < 3; ++i) {
    explorer.add_process([news, passes_on] {
      for (std::uint32_t seen = 0; seen != kChanges;) {
        const std::uint32_t announced = news->point.announce();
        if (const std::uint32_t now = news->changes.load(); now != seen) {
          seen = now;
        } else if (passes_on) {
          news->point.sleep_in_turn(announced, kPatienceNs);
        } else {
          news->point.sleep(announced, kPatienceNs);
        }
      }
    });
  }
  explorer.add_thread([news] {
    for (std::uint32_t i = 0; i < kChanges; ++i) {
      news->changes.fetch_add(1);
      news->point.wake_in_turn();
    }
  });
}

TEST(ModelOfTopic, EachWhoFollowsIsWokenByTheOthers) {
  expect_no_problem({.preemptions = 1}, [](Explorer& explorer) { prepare_news(explorer, true); });
  expect_no_problem({.preemptions = 0, .kills = 1},
                    [](Explorer& explorer) { prepare_news(explorer, true); });
  EXPECT_NE(explore({.preemptions = 0}, [](Explorer& explorer) { prepare_news(explorer, false); })
                .problem.find("sleeps whom nobody will wake"),
            std::string::npos);
}

}  // namespace
}  // namespace prefork::model
