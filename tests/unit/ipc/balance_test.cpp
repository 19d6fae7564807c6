#include "ipc/balance.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <cstdint>
#include <functional>
#include <limits>
#include <random>
#include <thread>
#include <vector>

#include "tests/unit/ipc/processes.h"

namespace prefork::ipc {
namespace {

using testing_ipc::ForkedChild;
using testing_ipc::SharedValue;

constexpr std::uint64_t kNow = 10'000'000'000;
constexpr std::uint32_t kFirstEpoch = 101;

// Workers 0 to N-1, all accepting and alive, on the first seat of their slots.
class Balance : public ::testing::Test {
 protected:
  static constexpr std::uint32_t kWorkers = 4;

  Balance() : segment_(8) {
    segment_.header().slots_in_use.store(kWorkers);
    for (std::uint32_t slot = 0; slot < kWorkers; ++slot) {
      serve({slot, 0}, kFirstEpoch + slot);
    }
  }

  void serve(Place id, std::uint32_t epoch) {
    WorkerRecord& record = segment_.record(id);
    record.epoch.store(epoch);
    record.pulse.beat_ns.store(kNow);
    record.accepting.store(1);
    start_load(record, epoch);
  }

  [[nodiscard]] std::uint32_t load(std::uint32_t slot, std::uint32_t seat = 0) const {
    return load_of(segment_.record({slot, seat}));
  }
  [[nodiscard]] std::uint32_t sum() const { return load(0) + load(1) + load(2) + load(3); }
  [[nodiscard]] std::uint32_t spread() const {
    const auto [least, most] = std::minmax({load(0), load(1), load(2), load(3)});
    return most - least;
  }
  void set_load(std::uint32_t slot, std::uint32_t connections) {
    for (std::uint32_t i = 0; i < connections; ++i) {
      ASSERT_TRUE(add_load(segment_.record({slot, 0}), kFirstEpoch + slot));
    }
  }

  // Places connections as the acceptors do that `choose_acceptor` names, and checks after each.
  void expect_even(std::uint32_t connections,
                   const std::function<std::uint32_t()>& choose_acceptor) {
    for (std::uint32_t placed = 1; placed <= connections; ++placed) {
      const auto place = reserve_place(segment_, {choose_acceptor(), 0}, kNow, true);
      ASSERT_TRUE(place.has_value());
      ASSERT_LE(spread(), 1U) << "after " << placed << " connections";
      ASSERT_EQ(sum(), placed);
    }
  }

  Segment segment_;
};

class BalanceOf : public Balance, public ::testing::WithParamInterface<std::uint32_t> {};

TEST_P(BalanceOf, ConnectionsAcceptedByOneWorkerIsEven) {
  expect_even(GetParam(), [] { return 2; });
}

TEST_P(BalanceOf, ConnectionsAcceptedInTurnIsEven) {
  expect_even(GetParam(), [next = 0U]() mutable { return next++ % kWorkers; });
}

TEST_P(BalanceOf, ConnectionsAcceptedByAnyoneIsEven) {
  expect_even(GetParam(), [random = std::mt19937(7)]() mutable {
    return static_cast<std::uint32_t>(random() % kWorkers);
  });
}

TEST_P(BalanceOf, ConnectionsPlacedBySeveralProcessesAtOnceIsEven) {
  SharedValue<std::atomic<std::uint32_t>> waiting;
  std::vector<ForkedChild> workers;
  for (std::uint32_t slot = 0; slot < kWorkers; ++slot) {
    workers.emplace_back([&, slot] {
      waiting->fetch_add(1);
      while (waiting->load() < kWorkers) {
        std::this_thread::yield();
      }
      for (std::uint32_t i = slot; i < GetParam(); i += kWorkers) {
        EXPECT_TRUE(reserve_place(segment_, {slot, 0}, kNow, true).has_value());
      }
    });
  }
  for (ForkedChild& worker : workers) {
    EXPECT_EQ(worker.wait(), 0);
  }
  EXPECT_EQ(sum(), GetParam()) << "every reservation counts once";
  EXPECT_LE(spread(), 1U);
}

TEST_P(BalanceOf, ConnectionsPlacedBySeveralThreadsAtOnceIsEven) {
  std::atomic<std::uint32_t> waiting{0};
  std::vector<std::thread> workers;
  for (std::uint32_t slot = 0; slot < kWorkers; ++slot) {
    workers.emplace_back([&, slot] {
      waiting.fetch_add(1);
      while (waiting.load() < kWorkers) {
        std::this_thread::yield();
      }
      for (std::uint32_t i = slot; i < GetParam(); i += kWorkers) {
        static_cast<void>(reserve_place(segment_, {slot, 0}, kNow, true));
      }
    });
  }
  for (std::thread& worker : workers) {
    worker.join();
  }
  EXPECT_EQ(sum(), GetParam());
  EXPECT_LE(spread(), 1U);
}

INSTANTIATE_TEST_SUITE_P(Connections, BalanceOf, ::testing::Values(8, 64, 1000, 40'000));

TEST_F(Balance, GivesBackEveryPlaceThatManyProcessesTookAndReturned) {
  constexpr int kConnections = 20'000;
  std::vector<ForkedChild> workers;
  for (std::uint32_t slot = 0; slot < kWorkers; ++slot) {
    workers.emplace_back([&, slot] {
      for (int i = 0; i < kConnections; ++i) {
        const auto place = reserve_place(segment_, {slot, 0}, kNow, true);
        ASSERT_TRUE(place.has_value());
        remove_load(segment_.record(place->target), place->epoch);
      }
    });
  }
  for (ForkedChild& worker : workers) {
    EXPECT_EQ(worker.wait(), 0);
  }
  EXPECT_EQ(sum(), 0U);
}

TEST_F(Balance, ChoosesTheLeastLoadedAndNamesItsEpoch) {
  set_load(0, 5);
  set_load(1, 4);
  set_load(2, 2);
  set_load(3, 3);
  const auto place = reserve_place(segment_, {0, 0}, kNow, true);
  ASSERT_TRUE(place.has_value());
  EXPECT_EQ(place->target, (Place{2, 0}));
  EXPECT_EQ(place->epoch, kFirstEpoch + 2);
  EXPECT_EQ(load(2), 3U);
}

TEST_F(Balance, KeepsAConnectionWhereNobodyHasFewer) {
  for (std::uint32_t self = 0; self < kWorkers; ++self) {
    EXPECT_EQ(reserve_place(segment_, {self, 0}, kNow, true)->target, (Place{self, 0}));
  }
}

TEST_F(Balance, TellsWhoIsAheadOfTheSiblingWithTheFewest) {
  constexpr Place kSelf{0, 0};
  EXPECT_FALSE(is_ahead(segment_, kSelf, 0, kNow));
  set_load(0, 3);
  set_load(1, 9);
  EXPECT_TRUE(is_ahead(segment_, kSelf, 0, kNow));
  EXPECT_TRUE(is_ahead(segment_, kSelf, 2, kNow));
  EXPECT_FALSE(is_ahead(segment_, kSelf, 3, kNow));
  for (std::uint32_t slot = 1; slot < kWorkers; ++slot) {
    set_load(slot, 1000);
  }
  set_load(0, 1000);
  EXPECT_TRUE(is_ahead(segment_, kSelf, 2, kNow));
  EXPECT_FALSE(is_ahead(segment_, kSelf, 3, kNow));
}

TEST_F(Balance, NobodyIsAheadOfSiblingsThatAreSilent) {
  set_load(0, 100);
  EXPECT_FALSE(is_ahead(segment_, {0, 0}, 0, kNow + kHealthyBeatNs + 1));
}

TEST_F(Balance, FillsUpAWorkerThatLostItsConnections) {
  expect_even(40, [] { return 0; });
  for (int i = 0; i < 10; ++i) {
    remove_load(segment_.record({1, 0}), kFirstEpoch + 1);
  }
  ASSERT_EQ(load(1), 0U);
  for (int i = 0; i < 10; ++i) {
    EXPECT_EQ(reserve_place(segment_, {0, 0}, kNow, true)->target, (Place{1, 0}));
  }
  EXPECT_EQ(spread(), 0U);
}

TEST_F(Balance, NeverChoosesASilentWorker) {
  segment_.record({1, 0}).pulse.beat_ns.store(kNow - kHealthyBeatNs - 1);
  segment_.record({2, 0}).pulse.beat_ns.store(0);
  for (int i = 0; i < 100; ++i) {
    ASSERT_TRUE(reserve_place(segment_, {0, 0}, kNow, true).has_value());
  }
  EXPECT_EQ(load(1), 0U);
  EXPECT_EQ(load(2), 0U);
  EXPECT_EQ(load(0), 50U);
  EXPECT_EQ(load(3), 50U);
}

TEST_F(Balance, NeverChoosesAWorkerThatDoesNotAccept) {
  segment_.record({3, 0}).accepting.store(0);
  for (int i = 0; i < 99; ++i) {
    ASSERT_TRUE(reserve_place(segment_, {0, 0}, kNow, true).has_value());
  }
  EXPECT_EQ(load(3), 0U);
  EXPECT_EQ(load(0), 33U);
}

TEST_F(Balance, NeverChoosesARecordWithoutAnEpoch) {
  segment_.record({1, 0}).load.store(0);
  for (int i = 0; i < 9; ++i) {
    ASSERT_TRUE(reserve_place(segment_, {0, 0}, kNow, true).has_value());
  }
  EXPECT_EQ(segment_.record({1, 0}).load.load(), 0U);
}

TEST_F(Balance, AWorkerIsHealthyUpToTheLimitOfItsSilence) {
  WorkerRecord& record = segment_.record({0, 0});
  record.pulse.beat_ns.store(kNow - kHealthyBeatNs);
  EXPECT_TRUE(is_healthy(segment_, {0, 0}, kNow));
  EXPECT_FALSE(is_healthy(segment_, {0, 0}, kNow + 1));
  record.pulse.beat_ns.store(kNow + 1);
  EXPECT_TRUE(is_healthy(segment_, {0, 0}, kNow)) << "it beat after the reader looked at the clock";
  record.accepting.store(0);
  EXPECT_FALSE(is_healthy(segment_, {0, 0}, kNow));
}

TEST_F(Balance, AWorkerThatSleepsIsHealthyUntilItShouldHaveBeenHeardOf) {
  WorkerRecord& record = segment_.record({0, 0});
  record.pulse.beat_ns.store(kNow - 5 * kHealthyBeatNs);
  record.pulse.asleep_until_ns.store(kNow + 100);
  EXPECT_TRUE(is_healthy(segment_, {0, 0}, kNow));
  EXPECT_TRUE(is_healthy(segment_, {0, 0}, kNow + 100 + kHealthyBeatNs));
  EXPECT_FALSE(is_healthy(segment_, {0, 0}, kNow + 101 + kHealthyBeatNs));
}

TEST_F(Balance, AWorkerThatDoesNotWakeUpForItsInboxIsNotHealthy) {
  segment_.record({1, 0}).pulse.asleep_until_ns.store(kNow + 10 * kHealthyBeatNs);
  note_handed(segment_, 1, kNow);
  note_handed(segment_, 1, kNow + 100);  // the oldest one counts
  EXPECT_TRUE(is_handed(segment_, 1));
  EXPECT_TRUE(is_healthy(segment_, {1, 0}, kNow + kHealthyBeatNs));
  EXPECT_FALSE(is_healthy(segment_, {1, 0}, kNow + kHealthyBeatNs + 1));
  clear_handed(segment_, 1);
  EXPECT_FALSE(is_handed(segment_, 1));
  EXPECT_TRUE(is_healthy(segment_, {1, 0}, kNow + kHealthyBeatNs + 1));
}

TEST_F(Balance, ASlotAcceptsWhileOneOfItsProcessesDoes) {
  EXPECT_TRUE(is_accepting(segment_, 2));
  segment_.record({2, 0}).accepting.store(0);
  EXPECT_FALSE(is_accepting(segment_, 2));
  segment_.record({2, 1}).accepting.store(1);
  EXPECT_TRUE(is_accepting(segment_, 2));
}

TEST_F(Balance, ServesItselfWhenAllSiblingsAreSilent) {
  for (std::uint32_t slot = 1; slot < kWorkers; ++slot) {
    segment_.record({slot, 0}).pulse.beat_ns.store(0);
  }
  for (std::uint32_t i = 1; i <= 20; ++i) {
    EXPECT_EQ(reserve_place(segment_, {0, 0}, kNow, true)->target, (Place{0, 0}));
    EXPECT_EQ(load(0), i);
  }
}

TEST_F(Balance, ADrainingWorkerNeverChoosesItself) {
  set_load(1, 7);
  set_load(2, 7);
  set_load(3, 6);
  EXPECT_EQ(reserve_place(segment_, {0, 0}, kNow, false)->target, (Place{3, 0}));
  EXPECT_EQ(reserve_place(segment_, {0, 0}, kNow, false)->target, (Place{1, 0}));
  EXPECT_EQ(load(0), 0U);
}

TEST_F(Balance, ADrainingWorkerFindsNobodyWhenItIsAlone) {
  for (std::uint32_t slot = 1; slot < kWorkers; ++slot) {
    segment_.record({slot, 0}).accepting.store(0);
  }
  EXPECT_FALSE(reserve_place(segment_, {0, 0}, kNow, false).has_value());
  EXPECT_EQ(sum(), 0U);
}

// Moves connections as each worker does in its turn, until nobody moves any; how many went.
class Fairness : public Balance {
 protected:
  std::uint32_t level_out() {
    std::uint32_t moves = 0;
    for (bool goes_on = true; goes_on;) {
      goes_on = false;
      for (std::uint32_t slot = 0; slot < kWorkers; ++slot) {
        for (std::uint32_t left = excess_of(segment_, {slot, 0}, kNow); left != 0; --left) {
          if (!reserve_fairer_place(segment_, {slot, 0}, kNow)) {
            break;
          }
          remove_load(segment_.record({slot, 0}), kFirstEpoch + slot);
          goes_on = true;
          ++moves;
        }
      }
    }
    return moves;
  }
};

TEST_F(Fairness, ADifferenceOfOneAsksForNothing) {
  set_load(0, 5);
  set_load(1, 4);
  set_load(2, 5);
  set_load(3, 4);
  EXPECT_EQ(excess_of(segment_, {0, 0}, kNow), 0U);
  EXPECT_FALSE(reserve_fairer_place(segment_, {0, 0}, kNow).has_value());
  EXPECT_EQ(level_out(), 0U);
}

TEST_F(Fairness, WhoCameLateGetsItsShareOfEachAndNoMore) {
  set_load(0, 22);
  set_load(1, 21);
  set_load(2, 21);
  EXPECT_EQ(excess_of(segment_, {0, 0}, kNow), 6U);
  EXPECT_EQ(excess_of(segment_, {3, 0}, kNow), 0U);
  EXPECT_EQ(level_out(), 16U) << "each goes once";
  EXPECT_EQ(spread(), 0U);
}

TEST_F(Fairness, OneThatIsBelowTheOthersGetsOneFromThemThoughTheyHaveTheMean) {
  set_load(0, 5);
  set_load(1, 5);
  set_load(2, 5);
  set_load(3, 3);
  EXPECT_EQ(excess_of(segment_, {1, 0}, kNow), 1U);
  EXPECT_EQ(level_out(), 1U);
  EXPECT_EQ(spread(), 1U);
}

TEST_F(Fairness, AnythingIsLevelledOutWithTheFewestMoves) {
  std::mt19937 random(11);
  for (int round = 0; round < 500; ++round) {
    std::uint32_t total = 0;
    for (std::uint32_t slot = 0; slot < kWorkers; ++slot) {
      serve({slot, 0}, kFirstEpoch + slot);
      set_load(slot, static_cast<std::uint32_t>(random() % 40));
      total += load(slot);
    }
    const std::uint32_t share = total / kWorkers;
    std::uint32_t above = 0;
    std::uint32_t below = 0;
    for (std::uint32_t slot = 0; slot < kWorkers; ++slot) {
      above += std::max(load(slot), share + 1) - (share + 1);
      below += share - std::min(load(slot), share);
    }
    const std::uint32_t moves = level_out();
    ASSERT_LE(spread(), 1U);
    ASSERT_EQ(sum(), total);
    ASSERT_GE(moves, std::max(above, below));
    ASSERT_LE(moves, above + below);
    ASSERT_EQ(level_out(), 0U) << "they stay where they are";
  }
}

TEST_F(Fairness, WhoDoesNotServeIsNoTarget) {
  set_load(0, 20);
  segment_.record({1, 0}).accepting.store(0);
  segment_.record({2, 0}).pulse.beat_ns.store(kNow - 2 * kHealthyBeatNs);
  start_load(segment_.record({3, 0}), 0);
  EXPECT_EQ(excess_of(segment_, {0, 0}, kNow), 0U);
  EXPECT_FALSE(reserve_fairer_place(segment_, {0, 0}, kNow).has_value());
}

TEST_F(Balance, ReachesTheOtherSeatOfASlotDuringAReload) {
  set_load(0, 1);
  set_load(1, 1);
  set_load(2, 1);
  set_load(3, 1);
  serve({2, 1}, 200);
  const auto place = reserve_place(segment_, {2, 0}, kNow, true);
  ASSERT_TRUE(place.has_value());
  EXPECT_EQ(place->target, (Place{2, 1}));
  EXPECT_EQ(place->epoch, 200U);
  EXPECT_EQ(load(2, 0), 1U);
  EXPECT_EQ(load(2, 1), 1U);
}

TEST_F(Balance, LooksAtTheSlotsInUseOnly) {
  set_load(0, 1);
  set_load(1, 1);
  set_load(2, 1);
  set_load(3, 1);
  serve({4, 0}, 300);
  EXPECT_EQ(reserve_place(segment_, {0, 0}, kNow, true)->target, (Place{0, 0}));
  segment_.header().slots_in_use.store(5);
  EXPECT_EQ(reserve_place(segment_, {0, 0}, kNow, true)->target, (Place{4, 0}));
}

TEST_F(Balance, AHostileNumberOfSlotsDoesNoHarm) {
  segment_.header().slots_in_use.store(std::numeric_limits<std::uint32_t>::max());
  expect_even(64, [] { return 1; });
}

TEST_F(Balance, APlacePromisedToAPredecessorIsNotTheSuccessors) {
  WorkerRecord& record = segment_.record({1, 0});
  set_load(1, 3);
  start_load(record, 500);
  EXPECT_EQ(load(1), 0U);
  EXPECT_FALSE(add_load(record, kFirstEpoch + 1));
  EXPECT_EQ(load(1), 0U);
  EXPECT_TRUE(add_load(record, 500));
  remove_load(record, kFirstEpoch + 1);
  EXPECT_EQ(load(1), 1U);
  remove_load(record, 500);
  EXPECT_EQ(load(1), 0U);
}

TEST_F(Balance, RemovingMoreThanThereIsLeavesTheEpochAlone) {
  WorkerRecord& record = segment_.record({0, 0});
  remove_load(record, kFirstEpoch);
  EXPECT_EQ(load(0), 0U);
  EXPECT_TRUE(add_load(record, kFirstEpoch)) << "the epoch is still the same";
  EXPECT_EQ(load(0), 1U);
}

TEST_F(Balance, AFoldedRecordIsChosenByNobody) {
  segment_.fold({1, 0}, 0);
  for (int i = 0; i < 9; ++i) {
    ASSERT_TRUE(reserve_place(segment_, {0, 0}, kNow, true).has_value());
  }
  EXPECT_EQ(segment_.record({1, 0}).load.load(), 0U);
  EXPECT_FALSE(add_load(segment_.record({1, 0}), kFirstEpoch + 1));
}

}  // namespace
}  // namespace prefork::ipc
