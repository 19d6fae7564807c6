#include "workers/worker/placement.h"

#include <gtest/gtest.h>
#include <sys/socket.h>

#include <memory>
#include <vector>

#include "ipc/balance.h"

namespace prefork::worker {
namespace {

constexpr std::uint64_t kNow = 1'000'000'000'000;
constexpr std::uint32_t kWorkers = 3;

// Three workers in one process, each with its placement.
class PlacementTest : public testing::Test {
 protected:
  PlacementTest() {
    segment_.header().slots_in_use.store(kWorkers);
    for (std::uint32_t slot = 0; slot < kWorkers; ++slot) {
      record(slot).epoch.store(slot + 1);
      record(slot).pulse.beat_ns.store(kNow);
      placements_.push_back(
          std::make_unique<Placement>(segment_, inboxes_, ipc::Place{slot, 0}, slot + 1,
                                      [this, slot](ipc::ReceivedConnection received) {
                                        adopted_[slot].push_back(std::move(received));
                                      }));
      placements_[slot]->begin();
    }
  }

  [[nodiscard]] ipc::WorkerRecord& record(std::uint32_t slot) const {
    return segment_.record({slot, 0});
  }
  engine::Place place(std::uint32_t slot, bool may_stay = true) {
    return placements_[slot]->place(make_socket().get(), {}, may_stay, kNow);
  }
  engine::Place relieve(std::uint32_t slot) {
    return placements_[slot]->relieve(make_socket().get(), {}, kNow);
  }
  ipc::OwnedFd make_socket() {
    int ends[2] = {-1, -1};
    EXPECT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends), 0);
    peers_.emplace_back(ends[1]);
    return ipc::OwnedFd(ends[0]);
  }
  [[nodiscard]] std::uint32_t load(std::uint32_t slot) const { return ipc::load_of(record(slot)); }

  ipc::Segment segment_{kWorkers};
  ipc::Inboxes inboxes_{kWorkers};
  std::vector<std::unique_ptr<Placement>> placements_;
  std::vector<ipc::ReceivedConnection> adopted_[kWorkers];
  std::vector<ipc::OwnedFd> peers_;
};

TEST_F(PlacementTest, KeepsTheFirstAndHandsTheOthersToWhoHasFewer) {
  EXPECT_EQ(place(0), engine::Place::here);
  EXPECT_EQ(place(0), engine::Place::given);
  EXPECT_EQ(place(0), engine::Place::given);
  EXPECT_EQ(place(0), engine::Place::here) << "all have one now";
  placements_[1]->take_handed();
  placements_[2]->take_handed();
  EXPECT_EQ(adopted_[1].size(), 1U);
  EXPECT_EQ(adopted_[2].size(), 1U);
  EXPECT_EQ(load(1), 1U);
}

TEST_F(PlacementTest, ANoteStandsUntilTheInboxWasLookedAt) {
  place(0);
  ASSERT_EQ(place(0), engine::Place::given);
  EXPECT_TRUE(ipc::is_handed(segment_, 1));
  EXPECT_TRUE(placements_[2]->on_tick(0, kNow)) << "somebody should look again soon";
  EXPECT_TRUE(adopted_[2].empty()) << "it is not late yet";
  placements_[1]->take_handed();
  EXPECT_FALSE(ipc::is_handed(segment_, 1));
  EXPECT_FALSE(placements_[2]->on_tick(0, kNow));
}

TEST_F(PlacementTest, WhatWaitsForOneThatDoesNotWakeUpIsServedByASibling) {
  place(0);
  ASSERT_EQ(place(0), engine::Place::given);
  const std::uint64_t later = kNow + ipc::kHealthyBeatNs + 1;
  for (const std::uint32_t slot : {0U, 1U, 2U}) {
    record(slot).pulse.beat_ns.store(later);
  }
  EXPECT_TRUE(placements_[2]->on_tick(0, later));
  EXPECT_EQ(adopted_[2].size(), 1U);
  EXPECT_EQ(load(1), 0U) << "the place that was reserved there is free again";
  EXPECT_EQ(load(2), 1U);
  EXPECT_TRUE(ipc::is_handed(segment_, 1)) << "it gets nothing until it has looked itself";
  placements_[1]->on_tick(0, later);
  EXPECT_FALSE(ipc::is_handed(segment_, 1));
}

TEST_F(PlacementTest, WhatWaitsForNobodyIsServedAndForgotten) {
  place(0);
  ASSERT_EQ(place(0), engine::Place::given);
  record(1).accepting.store(0);
  EXPECT_TRUE(placements_[0]->on_tick(1, kNow));
  EXPECT_EQ(adopted_[0].size(), 1U);
  EXPECT_FALSE(ipc::is_handed(segment_, 1));
}

TEST_F(PlacementTest, OneThatDrainsHandsEverythingOffOrSaysThatNobodyIsThere) {
  placements_[0]->end(false);
  EXPECT_EQ(place(0, false), engine::Place::given);
  EXPECT_EQ(place(0, true), engine::Place::given) << "also what it has just accepted";
  placements_[1]->end(false);
  placements_[2]->end(false);
  EXPECT_EQ(place(0, false), engine::Place::nowhere);
  EXPECT_EQ(place(0, true), engine::Place::here);
}

TEST_F(PlacementTest, WhatIsUnevenForAMomentIsLeftAlone) {
  for (int i = 0; i < 9; ++i) {
    ipc::add_load(record(0), 1);
  }
  EXPECT_TRUE(placements_[0]->on_tick(9, kNow)) << "to be looked at again soon";
  EXPECT_EQ(placements_[0]->excess(), 0U);
  record(1).load.fetch_add(8);
  record(2).load.fetch_add(8);
  EXPECT_FALSE(placements_[0]->on_tick(9, kNow + 600'000'000));
  EXPECT_EQ(placements_[0]->excess(), 0U);
}

TEST_F(PlacementTest, WhatStaysUnevenIsHandedOffUntilItIsEven) {
  for (int i = 0; i < 9; ++i) {
    ipc::add_load(record(0), 1);
  }
  placements_[0]->on_tick(9, kNow);
  for (std::uint32_t slot = 0; slot < 3; ++slot) {
    record(slot).pulse.beat_ns.store(kNow + 600'000'000);
  }
  EXPECT_FALSE(placements_[0]->on_tick(9, kNow + 600'000'000)) << "it is done now";
  EXPECT_EQ(placements_[0]->excess(), 6U);
  for (int i = 0; i < 6; ++i) {
    ASSERT_EQ(relieve(0), engine::Place::given);
    placements_[0]->on_connection_gone();
  }
  EXPECT_EQ(relieve(0), engine::Place::here);
  placements_[1]->take_handed();
  placements_[2]->take_handed();
  EXPECT_EQ(adopted_[1].size(), 3U);
  EXPECT_EQ(adopted_[2].size(), 3U);
  placements_[0]->on_tick(3, kNow + 700'000'000);
  EXPECT_EQ(placements_[0]->excess(), 0U);
}

// Those that are counted are even meanwhile.
TEST_F(PlacementTest, ASiblingThatStandsStillForAMomentDelaysNothing) {
  for (int i = 0; i < 9; ++i) {
    ipc::add_load(record(0), 1);
  }
  record(1).load.fetch_add(9);
  EXPECT_TRUE(placements_[0]->on_tick(9, kNow));
  EXPECT_TRUE(placements_[0]->on_tick(9, kNow + 350'000'000));
  record(1).pulse.beat_ns.store(kNow + 450'000'000);
  EXPECT_TRUE(placements_[0]->on_tick(9, kNow + 450'000'000)) << "to be looked at again soon";
  EXPECT_EQ(placements_[0]->excess(), 0U);
  record(2).pulse.beat_ns.store(kNow + 550'000'000);
  EXPECT_FALSE(placements_[0]->on_tick(9, kNow + 550'000'000)) << "it is done now";
  EXPECT_EQ(placements_[0]->excess(), 3U);
}

TEST_F(PlacementTest, OneThatDrainsHasNoExcess) {
  for (int i = 0; i < 9; ++i) {
    ipc::add_load(record(0), 1);
  }
  placements_[0]->on_tick(9, kNow);
  placements_[0]->on_tick(9, kNow + 600'000'000);
  placements_[0]->end(false);
  EXPECT_EQ(placements_[0]->excess(), 0U);
  EXPECT_FALSE(placements_[0]->on_tick(9, kNow + 400'000'000));
  EXPECT_EQ(placements_[0]->excess(), 0U);
}

TEST_F(PlacementTest, OneThatHasAnHeirWaitsForItWhereNobodyElseIs) {
  placements_[0]->end(true);
  placements_[1]->end(false);
  placements_[2]->end(false);
  EXPECT_EQ(place(0, false), engine::Place::full);
  placements_[1]->begin();
  EXPECT_EQ(place(0, false), engine::Place::given);
}

TEST_F(PlacementTest, ALoadThatStaysWrongIsCorrectedAfterASecond) {
  ipc::add_load(record(0), 1);
  placements_[0]->on_tick(0, kNow);
  EXPECT_EQ(load(0), 1U) << "a connection may be on its way";
  placements_[0]->on_tick(0, kNow + 1'000'000'000);
  EXPECT_EQ(load(0), 0U);
  placements_[0]->on_tick(2, kNow + 2'000'000'000);
  placements_[0]->on_tick(0, kNow + 2'500'000'000);
  placements_[0]->on_tick(2, kNow + 2'600'000'000);
  placements_[0]->on_tick(2, kNow + 3'500'000'000);
  EXPECT_EQ(load(0), 0U) << "it was right in between";
  placements_[0]->on_tick(2, kNow + 3'600'000'000);
  EXPECT_EQ(load(0), 2U);
}

}  // namespace
}  // namespace prefork::worker
