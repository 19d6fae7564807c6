// Processes that use what is shared and are killed with SIGKILL at random moments, again and again,
// while they hold it, wait for it or pass through it: nothing stays locked, no unit is lost, no
// value is torn, and what a dead owner may have left half done is told to the next one.
//
//   PREFORK_KILLS=10000 build/dev/tests/inprocess_tests --gtest_filter='RandomKills/*'
#include <gtest/gtest.h>

#include <array>
#include <memory>
#include <random>
#include <string>

#include "tests/inprocess/ipc/shared/games.h"
#include "tests/inprocess/ipc/shared/killed_child.h"
#include "tests/inprocess/ipc/shared/player.h"
#include "tests/unit/ipc/processes.h"

namespace prefork::ipc {
namespace {

using namespace testing_ipc;

template <typename Game>
class RandomKills : public testing::Test {
 protected:
  static constexpr std::size_t kPlayers = 4;
  struct Shared {
    Game game;
    std::array<PlayerNote, kPlayers> notes;
    std::atomic<std::uint64_t> rounds{0};
    std::atomic<std::uint64_t> deaths_told{0};
  };

  std::unique_ptr<ForkedChild> start(std::size_t place) {
    return std::make_unique<ForkedChild>([this, place] {
      for (Player player(shared_->notes[place], shared_->deaths_told);; ++shared_->rounds) {
        shared_->game.play(player);
      }
    });
  }

  // They get on between two kills, however busy the machine is.
  void await_rounds(std::uint64_t number) {
    const std::uint64_t rounds = shared_->rounds + number;
    while (shared_->rounds < rounds) {
      ::usleep(static_cast<unsigned>(random_() % 50));
      // Nobody ends but by a kill, or a round that should come does not.
      for (const auto& player : players_) {
        ASSERT_FALSE(player->has_ended());
      }
    }
  }

  void kill(std::size_t place) {
    const bool waits = shared_->notes[place].waits();
    ASSERT_EQ(players_[place]->kill_and_wait(), 128 + SIGKILL);
    const Doing doing = shared_->notes[place].read(waits);
    killed_within_ += doing != Doing::nothing ? 1U : 0U;
    ++killed_[static_cast<std::size_t>(doing)];
  }

  void record(const char* name, std::uint64_t number) {
    this->RecordProperty(name, std::to_string(number));
  }

  SharedValue<Shared> shared_;
  std::array<std::unique_ptr<ForkedChild>, kPlayers> players_;
  std::array<std::uint64_t, kDoings> killed_{};
  std::uint64_t killed_within_ = 0;
  std::mt19937 random_{std::random_device{}()};
};

struct GameNames {
  template <typename Game>
  static std::string GetName(int at) {
    return std::array{"Number",    "Mutex", "Semaphore", "RwLock", "Event", "Once",     "Barrier",
                      "RateLimit", "Queue", "Map",       "Leader", "Topic", "AllAtOnce"}
        .at(static_cast<std::size_t>(at));
  }
};

using Games =
    testing::Types<NumberGame, MutexGame, SemaphoreGame, RwLockGame, EventGame, OnceGame,
                   BarrierGame, RateLimitGame, QueueGame, MapGame, LeaderGame, TopicGame, AllGames>;
TYPED_TEST_SUITE(RandomKills, Games, GameNames);

TYPED_TEST(RandomKills, LeaveNothingLockedLostOrTorn) {
  for (std::size_t place = 0; place < this->kPlayers; ++place) {
    this->players_[place] = this->start(place);
  }
  for (int i = 0; i < kills(20); ++i) {
    this->await_rounds(1 + this->random_() % 20);
    const std::size_t place = this->random_() % this->kPlayers;
    this->kill(place);
    if (this->HasFatalFailure()) {
      return;
    }
    this->players_[place] = this->start(place);
  }
  for (std::size_t place = 0; place < this->kPlayers; ++place) {
    this->kill(place);
  }
  ForkedChild last([&] {
    Player player(this->shared_->notes[0], this->shared_->deaths_told);
    this->shared_->game.finish(player, this->killed_within_);
  });
  EXPECT_EQ(last.wait(), 0);
  this->record("killed_while_holding", this->killed_[static_cast<std::size_t>(Doing::holding)]);
  this->record("killed_while_waiting", this->killed_[static_cast<std::size_t>(Doing::waiting)]);
  this->record("killed_while_passing", this->killed_[static_cast<std::size_t>(Doing::passing)]);
  this->record("killed_elsewhere", this->killed_[static_cast<std::size_t>(Doing::nothing)]);
  this->record("deaths_told", this->shared_->deaths_told);
}

}  // namespace
}  // namespace prefork::ipc
