// A process that plays with something shared until it is killed, and what it writes down for the
// one that kills it: what it was doing at that moment. Whatever it finds wrong ends it. For the
// child's only thread; the note may be read by any process.
#pragma once

#include <unistd.h>

#include <atomic>
#include <cstdint>
#include <random>

#include "ipc/base/check.h"
#include "ipc/shared/wait_board.h"
#include "ipc/shared/wait_point.h"

namespace prefork::ipc::testing_ipc {

enum class Doing : std::uint32_t { nothing, passing, waiting, holding };
inline constexpr std::size_t kDoings = 4;

// In memory that both share.
class PlayerNote {
 public:
  void set(Doing doing) { doing_.store(doing); }
  // Of a process that is dead, when `waited` was asked just before.
  [[nodiscard]] Doing read(bool waited) const {
    const Doing doing = doing_.load();
    return doing == Doing::passing && waited ? Doing::waiting : doing;
  }
  // Of one that lives.
  [[nodiscard]] bool waits() const {
    bool waits = false;
    board_.for_each([&waits](std::uint32_t) { waits = true; });
    return waits;
  }
  WaitBoard& board() { return board_; }

 private:
  std::atomic<Doing> doing_{Doing::nothing};
  WaitBoard board_;
};

class Player {
 public:
  Player(PlayerNote& note, std::atomic<std::uint64_t>& deaths_told)
      : note_(note), deaths_told_(deaths_told) {
    note_.set(Doing::nothing);
  }

  std::uint32_t below(std::uint32_t bound) { return static_cast<std::uint32_t>(random_() % bound); }
  bool one_in(std::uint32_t number) { return below(number) == 0; }
  // Not long: nobody else may ever come.
  std::uint64_t short_ns() { return below(2) == 0 ? 0 : 1 + below(2'000'000); }
  [[nodiscard]] WaitName name() { return {&note_.board(), 1}; }

  void begin() { note_.set(Doing::passing); }
  // Now it has what it began to take. Now and then for longer, so that others wait.
  void hold() {
    note_.set(Doing::holding);
    if (one_in(8)) {
      ::usleep(below(50));
    }
  }
  void give_back() { note_.set(Doing::passing); }
  void end() { note_.set(Doing::nothing); }

  // True when who had it before has died with it.
  bool is_told(Outcome outcome) {
    PREFORK_CHECK(outcome == Outcome::done || outcome == Outcome::owner_died);
    if (outcome == Outcome::owner_died) {
      deaths_told_.fetch_add(1);
    }
    return outcome == Outcome::owner_died;
  }

 private:
  PlayerNote& note_;
  std::atomic<std::uint64_t>& deaths_told_;
  std::mt19937 random_{std::random_device{}()};
};

}  // namespace prefork::ipc::testing_ipc
