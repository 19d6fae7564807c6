// What players do with what excludes others or is waited for; see games.h.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <thread>

#include "ipc/base/monotonic.h"
#include "ipc/leadership.h"
#include "ipc/shared/barrier.h"
#include "ipc/shared/event.h"
#include "ipc/shared/mutex.h"
#include "ipc/shared/once.h"
#include "ipc/shared/rw_lock.h"
#include "ipc/shared/semaphore.h"
#include "tests/inprocess/ipc/shared/changes.h"
#include "tests/inprocess/ipc/shared/player.h"
#include "tests/unit/ipc/shared/waiting.h"

namespace prefork::ipc::testing_ipc {

struct MutexGame {
  void play(Player& player) {
    player.begin();
    const bool died = player.is_told(mutex.lock(player.name(), kPatienceNs));
    player.hold();
    PREFORK_CHECK(pair.is_whole() || died);
    pair.repair();
    pair.change();
    changes.add();
    player.give_back();
    PREFORK_CHECK(mutex.unlock() == Outcome::done);
    player.end();
  }
  void finish(Player& player, std::uint64_t killed) {
    play(player);
    PREFORK_CHECK(mutex.lock(kNobody, 0) == Outcome::done);
    PREFORK_CHECK(changes.fits(pair.value(), killed));
  }

  Mutex mutex;
  Pair pair;
  Spoken changes;
};

struct SemaphoreGame {
  static constexpr std::uint32_t kUnits = 2;

  void play(Player& player) {
    player.begin();
    const auto acquired = semaphore.acquire(player.name(), kUnits, kPatienceNs);
    const bool died = player.is_told(acquired.outcome);
    player.hold();
    PREFORK_CHECK(users[acquired.unit].exchange(1) == 0 || died);
    users[acquired.unit].store(0);
    player.give_back();
    PREFORK_CHECK(semaphore.release(acquired.unit) == Outcome::done);
    player.end();
  }
  void finish(Player& player, std::uint64_t) {
    for (std::uint32_t i = 0; i < kUnits; ++i) {
      player.is_told(semaphore.acquire(kNobody, kUnits, kPatienceNs).outcome);
    }
    PREFORK_CHECK(semaphore.acquire(kNobody, kUnits, 0).outcome == Outcome::timed_out);
  }

  Semaphore semaphore;
  std::array<std::atomic<std::uint32_t>, kUnits> users{};
};

struct RwLockGame {
  void play(Player& player) {
    player.begin();
    player.one_in(3) ? write(player) : read(player);
    player.end();
  }
  void finish(Player& player, std::uint64_t killed) {
    read(player);
    write(player);
    PREFORK_CHECK(lock.read(kNobody, 0).outcome == Outcome::done);
    PREFORK_CHECK(lock.readers() == 1);
    PREFORK_CHECK(changes.fits(pair.value(), killed));
  }

  RwLock lock;
  Pair pair;
  Spoken changes;

 private:
  void read(Player& player) {
    const auto reading = lock.read(player.name(), kPatienceNs);
    const bool died = player.is_told(reading.outcome);
    player.hold();
    PREFORK_CHECK(pair.is_whole() || died);
    player.give_back();
    PREFORK_CHECK(lock.stop_reading(reading.reader) == Outcome::done);
  }
  void write(Player& player) {
    const bool died = player.is_told(lock.write(player.name(), kPatienceNs));
    player.hold();
    PREFORK_CHECK(pair.is_whole() || died);
    pair.repair();
    pair.change();
    changes.add();
    player.give_back();
    PREFORK_CHECK(lock.stop_writing() == Outcome::done);
  }
};

struct EventGame {
  void play(Player& player) {
    player.begin();
    switch (player.below(3)) {
      case 0:
        event.set();
        break;
      case 1:
        event.clear();
        break;
      default:
        event.wait(player.name(), player.short_ns());
    }
    player.end();
  }
  void finish(Player& player, std::uint64_t) {
    event.clear();
    PREFORK_CHECK(event.wait(player.name(), 1) == Outcome::timed_out);
    std::thread setter([this] { event.set(); });
    PREFORK_CHECK(event.wait(player.name(), kPatienceNs) == Outcome::done);
    setter.join();
  }

  Event event;
};

struct OnceGame {
  struct Deed {
    Once once;
    Pair pair;
  };
  static constexpr std::uint32_t kDeeds = 32'768;

  void play(Player& player) {
    std::uint32_t at = current.load();
    Deed& deed = deeds[at];
    player.begin();
    const Once::Turn turn = deed.once.begin(player.name(), kPatienceNs);
    PREFORK_CHECK(turn != Once::Turn::timed_out);
    if (turn == Once::Turn::is_done) {
      PREFORK_CHECK(deed.pair.is_whole());
      if (at + 1 < kDeeds) {
        current.compare_exchange_strong(at, at + 1);
      }
    } else {
      const bool died =
          player.is_told(turn == Once::Turn::yours_from_dead ? Outcome::owner_died : Outcome::done);
      player.hold();
      PREFORK_CHECK(deed.pair.is_whole() || died);
      deed.pair.repair();
      deed.pair.change();
      player.give_back();
      PREFORK_CHECK(deed.once.end(player.one_in(64)) == Outcome::done);
    }
    player.end();
  }
  void finish(Player& player, std::uint64_t) {
    const std::uint32_t begun = current.load();
    for (std::uint32_t at = 0; at < begun; ++at) {
      PREFORK_CHECK(deeds[at].once.is_done() && deeds[at].pair.is_whole());
    }
    play(player);
  }

  std::atomic<std::uint32_t> current{0};
  std::array<Deed, kDeeds> deeds{};
};

struct BarrierGame {
  static constexpr std::uint32_t kParties = 2;

  void play(Player& player) {
    player.begin();
    barrier.arrive_and_wait(player.name(), kParties, player.short_ns());
    player.end();
  }
  void finish(Player& player, std::uint64_t) {
    PREFORK_CHECK(barrier.arrive_and_wait(player.name(), kParties, 0) == Outcome::timed_out);
    Outcome others = Outcome::timed_out;
    std::thread other([&] { others = barrier.arrive_and_wait(kNobody, kParties, kPatienceNs); });
    PREFORK_CHECK(barrier.arrive_and_wait(kNobody, kParties, kPatienceNs) == Outcome::done);
    other.join();
    PREFORK_CHECK(others == Outcome::done);
  }

  Barrier barrier;
};

struct LeaderGame {
  LeaderGame() {
    // Of the test's process: each player has its own view of it after the fork.
    static Leadership one_for_all;
    leadership = &one_for_all;
  }

  void play(Player& player) {
    const bool was_leader = leadership->is_held();
    player.begin();
    if (leadership->try_take()) {
      player.hold();
      if (!was_leader) {
        take_over(player);
      }
      PREFORK_CHECK(leader.load() == ProcessKey::own().bits());
      if (player.one_in(256)) {
        leader.store(0);
        player.give_back();
        leadership->give_up();
      }
    }
    player.end();
  }
  void finish(Player&, std::uint64_t) {
    PREFORK_CHECK(leadership->try_take() && leadership->token() > last_token.load());
  }

  Leadership* leadership;
  std::atomic<std::uint64_t> leader{0};
  std::atomic<std::uint64_t> last_token{0};

 private:
  void take_over(Player& player) {
    const ProcessKey before(leader.exchange(ProcessKey::own().bits()));
    // A process that was killed has lost the lock a moment before it counts as dead.
    const std::uint64_t deadline_ns = monotonic_ns() + kPatienceNs;
    while (!before.is_none() && before.is_alive()) {
      PREFORK_CHECK(monotonic_ns() < deadline_ns);
    }
    player.is_told(before.is_none() ? Outcome::done : Outcome::owner_died);
    PREFORK_CHECK(leadership->token() > last_token.load());
    last_token.store(leadership->token());
  }
};

}  // namespace prefork::ipc::testing_ipc
