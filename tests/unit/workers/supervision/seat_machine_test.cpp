// What a reaction means beyond its seat. What it does to the seat is in supervisor_matrix_test.cpp.
#include "workers/supervision/seat_machine.h"

#include <gtest/gtest.h>

#include "tests/unit/workers/supervision/supervisor_parts.h"

namespace prefork::supervision {
namespace {

using Kind = Outcome::Kind;

constexpr Place kSeat{0, 0};
constexpr Place kBeside{0, 1};
const Detail kCrash{.exit = {0, 11, false}};

TEST(SeatMachine, ReadinessMeansThatItServes) {
  Parts parts;
  parts.start(kSeat);
  EXPECT_EQ(parts.machine.feed(kSeat, Input::ready, {}).kind, Kind::ready);
  EXPECT_EQ(parts.machine.feed(kSeat, Input::ready, {}).kind, Kind::none) << "said twice";
}

TEST(SeatMachine, ALossWaitsForWhatIsToFollow) {
  Parts parts;
  parts.serve(kSeat);
  const Outcome outcome = parts.machine.feed(kSeat, Input::exited, kCrash);
  ASSERT_EQ(outcome.kind, Kind::lost);
  EXPECT_EQ(outcome.failure->kind, FailureKind::crashed);
  EXPECT_EQ(parts.orders(), Transcript{"release 0.0"});
  parts.machine.succeed(kSeat, *outcome.failure);
  EXPECT_EQ(parts.orders(), Transcript{"note restart_delayed 0.0"});
  EXPECT_EQ(parts.roster.seat(kSeat).state, ProcessState::backoff);
}

TEST(SeatMachine, AReplacementThatBootsAlreadyTakesTheSlotOfOneThatIsLost) {
  Parts parts;
  parts.serve(kSeat);
  parts.machine.spawn(kBeside, Part::replacement, parts.wanted.generation, parts.wanted.settings);
  const Outcome outcome = parts.machine.feed(kSeat, Input::exited, kCrash);
  ASSERT_EQ(outcome.kind, Kind::lost);
  parts.machine.succeed(kSeat, *outcome.failure);
  EXPECT_EQ(parts.roster.seat(kSeat).state, ProcessState::vacant);
  EXPECT_EQ(parts.roster.current(0), kBeside);
}

TEST(SeatMachine, NothingFollowsALossWhereNobodyIsWanted) {
  Parts parts;
  parts.serve(kSeat);
  parts.roster.slot_of(kSeat).want = Want::drain;
  const Outcome outcome = parts.machine.feed(kSeat, Input::exited, kCrash);
  parts.machine.succeed(kSeat, *outcome.failure);
  EXPECT_EQ(parts.orders(), Transcript{"release 0.0"});
  EXPECT_EQ(parts.roster.seat(kSeat).state, ProcessState::vacant);
}

TEST(SeatMachine, TheEndOfOneThatWasAskedToLeaveMeansNothing) {
  Parts parts;
  parts.serve(kSeat);
  EXPECT_EQ(parts.machine.feed(kSeat, Input::retire, {}).kind, Kind::none);
  EXPECT_EQ(parts.machine.feed(kSeat, Input::exited, {}).kind, Kind::none);
  EXPECT_EQ(parts.roster.seat(kSeat).state, ProcessState::vacant);
}

TEST(SeatMachine, OnlyAWorkerThatHadServedIsCut) {
  Parts parts;
  parts.serve(kSeat);
  parts.machine.feed(kSeat, Input::retire, {});
  EXPECT_EQ(parts.machine.feed(kSeat, Input::due, {}).kind, Kind::cut);
  EXPECT_EQ(parts.machine.feed(kSeat, Input::kill, {}).kind, Kind::none) << "once is enough";

  parts.start({1, 0});
  EXPECT_EQ(parts.machine.feed({1, 0}, Input::kill, {}).kind, Kind::none);
}

TEST(SeatMachine, AReplacementThatMissesItsDeadlineIsNotWaitedFor) {
  Parts parts;
  parts.serve(kSeat);
  parts.machine.spawn(kBeside, Part::replacement, 2, parts.wanted.settings);
  const Outcome outcome = parts.machine.feed(kBeside, Input::due, {});
  EXPECT_EQ(outcome.kind, Kind::boot_timed_out);
  EXPECT_EQ(outcome.failure->at, kBeside);
  EXPECT_EQ(parts.roster.seat(kBeside).part, Part::retiring);
}

TEST(SeatMachine, BacksOffTwiceAsLongEachTimeUpToALimit) {
  EXPECT_EQ(backoff(1), kBackoffFirst);
  EXPECT_EQ(backoff(2), 2 * kBackoffFirst);
  EXPECT_EQ(backoff(4), 8 * kBackoffFirst);
  EXPECT_EQ(backoff(1'000'000), kBackoffMax);
}

}  // namespace
}  // namespace prefork::supervision
