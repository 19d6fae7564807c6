// What a supervisor knows, carried to another one.
#include "workers/supervision/supervisor_memory.h"

#include <gtest/gtest.h>

#include <functional>

#include "tests/unit/workers/supervision/supervisor_harness.h"

namespace prefork::supervision {
namespace {

// The one takes the place of the other, with its processes.
void hand_over(const Harness& from, Harness& to) {
  std::destroy_at(&to.supervisor);
  std::construct_at(&to.supervisor, from.supervisor.memory());
  to.now = from.now;
  to.last_pid = from.last_pid;
}

TEST(SupervisorMemory, AnotherSupervisorGoesOnWhereThisOneWas) {
  Harness before(Harness::settings());
  before.serve();
  before.crash({1, 0});
  Harness after(Harness::settings());
  hand_over(before, after);
  EXPECT_EQ(after.seat({0, 0}).state, ProcessState::ready);
  EXPECT_EQ(after.supervisor.find(before.pid({0, 0})), (Place{0, 0}));
  EXPECT_EQ(after.seat({1, 0}).state, ProcessState::backoff);
  EXPECT_EQ(after.supervisor.next_deadline(), before.supervisor.next_deadline());
  const Epoch last = before.supervisor.memory().last_epoch;
  after.now += kBackoffFirst;
  EXPECT_EQ(after.tick(), Transcript{"spawn 1.0 generation 1"});
  EXPECT_EQ(after.seat({1, 0}).epoch, last + 1);
}

TEST(SupervisorMemory, AReplacementThatBootsTakesOverInTheNextOne) {
  Harness before(Harness::settings());
  before.serve();
  before.recycle({0, 0});
  Harness after(Harness::settings());
  hand_over(before, after);
  EXPECT_EQ(after.ready({0, 1}), Transcript{"drain 0.0 replaced"});
}

class FaultOfMemory : public testing::Test {
 protected:
  FaultOfMemory() { harness_.serve(); }
  std::string fault_after(const std::function<void(Memory&)>& change) const {
    Memory memory = harness_.supervisor.memory();
    change(memory);
    return fault_of(memory);
  }

  Harness harness_{Harness::settings()};
};

TEST_F(FaultOfMemory, ThereIsNoneInWhatASupervisorKnows) {
  EXPECT_EQ(fault_after([](Memory&) {}), "");
}

TEST_F(FaultOfMemory, NumbersHaveToFitTogether) {
  EXPECT_NE(fault_after([](Memory& memory) { memory.slots.pop_back(); }), "");
  EXPECT_NE(fault_after([](Memory& memory) { memory.wanted.workers = 0; }), "");
  EXPECT_NE(fault_after([](Memory& memory) { memory.wanted.workers = 99; }), "");
  EXPECT_NE(fault_after([](Memory& memory) { memory.wanted.settings.capacity = 4'000'000'000; }),
            "");
  EXPECT_NE(fault_after([](Memory& memory) { memory.wanted.settings.tasks = 4; }), "");
  EXPECT_NE(fault_after([](Memory& memory) { memory.wanted.settings.at_once = 0; }), "");
  EXPECT_NE(fault_after([](Memory& memory) { memory.last_epoch = 1; }), "");
}

TEST_F(FaultOfMemory, AProcessIsInOneSeatAndOneAnswersForASlot) {
  EXPECT_NE(fault_after([](Memory& memory) {
              memory.slots[1].seats[0].pid = memory.slots[0].seats[0].pid;
            }),
            "");
  EXPECT_NE(fault_after([](Memory& memory) { memory.slots[0].seats[0].pid = 1; }), "");
  EXPECT_NE(fault_after([](Memory& memory) {
              memory.slots[0].seats[1] = memory.slots[0].seats[0];
              memory.slots[0].seats[1].pid = 4711;
            }),
            "");
  EXPECT_NE(fault_after([](Memory& memory) { memory.slots[0].seats[1].pid = 4711; }), "");
  EXPECT_NE(fault_after([](Memory& memory) { memory.slots[0].seats[0].part = Part::none; }), "");
}

TEST_F(FaultOfMemory, EnumeratorsAreThoseThatThereAre) {
  EXPECT_NE(fault_after([](Memory& memory) {
              memory.slots[0].seats[0].state = static_cast<ProcessState>(kProcessStates);
            }),
            "");
  EXPECT_NE(
      fault_after([](Memory& memory) { memory.slots[0].seats[0].part = static_cast<Part>(9); }),
      "");
  EXPECT_NE(fault_after([](Memory& memory) { memory.slots[0].role = Role::task; }), "");
  EXPECT_NE(fault_after([](Memory& memory) { memory.slots[0].want = static_cast<Want>(7); }), "");
  EXPECT_NE(fault_after([](Memory& memory) {
              memory.slots[0].last_failure.emplace().kind = static_cast<FailureKind>(9);
            }),
            "");
}

}  // namespace
}  // namespace prefork::supervision
