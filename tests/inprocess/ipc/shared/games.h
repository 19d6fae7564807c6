// What players do with each thing that processes share: a game is the thing and what it protects,
// in memory that all players share. play() is one move; finish() is played when all others are
// dead, and says whether the thing still does all that it should. Both end the process if not.
#pragma once

#include <cstdint>
#include <tuple>

#include "tests/inprocess/ipc/shared/lock_games.h"
#include "tests/inprocess/ipc/shared/player.h"
#include "tests/inprocess/ipc/shared/store_games.h"

namespace prefork::ipc::testing_ipc {

struct AllGames {
  void play(Player& player) {
    std::uint32_t index = player.below(std::tuple_size_v<decltype(games)>);
    std::apply([&](auto&... game) { ((index-- == 0 ? game.play(player) : void()), ...); }, games);
  }
  void finish(Player& player, std::uint64_t killed) {
    std::apply([&](auto&... game) { (game.finish(player, killed), ...); }, games);
  }

  std::tuple<NumberGame, MutexGame, SemaphoreGame, RwLockGame, EventGame, OnceGame, BarrierGame,
             RateLimitGame, QueueGame, MapGame, LeaderGame, TopicGame>
      games;
};

}  // namespace prefork::ipc::testing_ipc
