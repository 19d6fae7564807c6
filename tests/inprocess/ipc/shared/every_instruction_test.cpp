// A process that is killed at any instruction of what it does with a primitive leaves it usable,
// and what the next one is told is true.
#include <gtest/gtest.h>

#include <array>
#include <cstring>
#include <new>
#include <string>
#include <thread>

#include "ipc/shared/barrier.h"
#include "ipc/shared/byte_map.h"
#include "ipc/shared/byte_queue.h"
#include "ipc/shared/once.h"
#include "ipc/shared/rw_lock.h"
#include "ipc/shared/semaphore.h"
#include "ipc/shared/table.h"
#include "ipc/shared/topic.h"
#include "tests/inprocess/ipc/shared/killed_child.h"
#include "tests/unit/ipc/processes.h"
#include "tests/unit/ipc/shared/waiting.h"

namespace prefork::ipc {
namespace {

using testing_ipc::ForkedChild;
using testing_ipc::kill_at_every_instruction;
using testing_ipc::kNobody;
using testing_ipc::kPatienceNs;
using testing_ipc::SharedValue;

template <typename Thing>
class Killed : public testing::Test {
 protected:
  struct Memory {
    Thing thing;
    std::atomic<int> first{0};  // changed together
    std::atomic<int> second{0};
  };

  void renew() { new (&*memory_) Memory; }
  void change_both() {
    memory_->first.fetch_add(1);
    memory_->second.fetch_add(1);
  }
  [[nodiscard]] bool is_whole() const { return memory_->first == memory_->second; }
  [[nodiscard]] Thing& thing() const { return memory_->thing; }

  SharedValue<Memory> memory_;
};

using KilledWithMutex = Killed<Mutex>;

TEST_F(KilledWithMutex, TheNextOneIsToldWhenItHeldItAndOnlyThen) {
  kill_at_every_instruction([&] { renew(); },
                            [&] {
                              thing().lock(kNobody, kPatienceNs);
                              change_both();
                              thing().unlock();
                            },
                            [&] {
                              const bool was_held = !thing().owner().is_none();
                              EXPECT_TRUE(is_whole() || was_held);
                              EXPECT_EQ(thing().lock(kNobody, kPatienceNs),
                                        was_held ? Outcome::owner_died : Outcome::done);
                              EXPECT_EQ(thing().unlock(), Outcome::done);
                              EXPECT_EQ(thing().lock(kNobody, 0), Outcome::done)
                                  << "it is told once";
                            });
}

using KilledWithSemaphore = Killed<Semaphore>;

TEST_F(KilledWithSemaphore, NoUnitIsLostAndNoneIsThereTwice) {
  kill_at_every_instruction(
      [&] {
        renew();
        thing().acquire(kNobody, 3, 0);
      },
      [&] {
        const auto acquired = thing().acquire(kNobody, 3, kPatienceNs);
        thing().release(acquired.unit);
      },
      [&] {
        EXPECT_NE(thing().acquire(kNobody, 3, 0).outcome, Outcome::timed_out);
        EXPECT_NE(thing().acquire(kNobody, 3, 0).outcome, Outcome::timed_out);
        EXPECT_EQ(thing().acquire(kNobody, 3, 0).outcome, Outcome::timed_out);
      });
}

using KilledWithRwLock = Killed<RwLock>;

TEST_F(KilledWithRwLock, AsAReaderItDoesNotKeepAWriterOut) {
  kill_at_every_instruction([&] { renew(); },
                            [&] {
                              const auto reading = thing().read(kNobody, kPatienceNs);
                              thing().stop_reading(reading.reader);
                            },
                            [&] {
                              EXPECT_EQ(thing().write(kNobody, kPatienceNs), Outcome::done);
                              EXPECT_EQ(thing().stop_writing(), Outcome::done);
                              EXPECT_EQ(thing().readers(), 0U);
                            });
}

TEST_F(KilledWithRwLock, AsAWriterItIsToldToReadersAndWriters) {
  kill_at_every_instruction(
      [&] { renew(); },
      [&] {
        thing().write(kNobody, kPatienceNs);
        change_both();
        thing().stop_writing();
      },
      [&] {
        const auto reading = thing().read(kNobody, kPatienceNs);
        ASSERT_NE(reading.outcome, Outcome::timed_out);
        EXPECT_TRUE(is_whole() || reading.outcome == Outcome::owner_died);
        EXPECT_EQ(thing().stop_reading(reading.reader), Outcome::done);
        EXPECT_EQ(thing().write(kNobody, kPatienceNs), reading.outcome) << "they are told the same";
        EXPECT_EQ(thing().stop_writing(), Outcome::done);
        EXPECT_EQ(thing().read(kNobody, 0).outcome, Outcome::done) << "it was repaired";
      });
}

using KilledWithOnce = Killed<Once>;

TEST_F(KilledWithOnce, TheNextOneDoesItUnlessItIsDone) {
  kill_at_every_instruction([&] { renew(); },
                            [&] {
                              thing().begin(kNobody, kPatienceNs);
                              change_both();
                              thing().end(true);
                            },
                            [&] {
                              const bool was_at_it = !thing().owner().is_none();
                              const bool is_done = thing().is_done();
                              const auto turn = thing().begin(kNobody, kPatienceNs);
                              EXPECT_EQ(turn, is_done     ? Once::Turn::is_done
                                              : was_at_it ? Once::Turn::yours_from_dead
                                                          : Once::Turn::yours);
                              EXPECT_TRUE(is_whole() || was_at_it);
                            });
}

class KilledWithBarrier : public Killed<Barrier> {
 protected:
  static constexpr std::uint32_t kParties = 2;

  void arrive_for_a_moment() { thing().arrive_and_wait(kNobody, kParties, 1); }
  void let_one_die_waiting() {
    ForkedChild waiting([&] { thing().arrive_and_wait(kNobody, kParties, kPatienceNs); });
    while (thing().arrived(kParties) != 1) {
      std::this_thread::yield();
    }
    waiting.kill_and_wait();
  }
  void expect_two_to_meet() {
    Outcome others = Outcome::timed_out;
    std::thread other([&] { others = thing().arrive_and_wait(kNobody, kParties, kPatienceNs); });
    EXPECT_EQ(thing().arrive_and_wait(kNobody, kParties, kPatienceNs), Outcome::done);
    other.join();
    EXPECT_EQ(others, Outcome::done);
  }
};

TEST_F(KilledWithBarrier, TwoOthersStillMeet) {
  kill_at_every_instruction(
      [&] { renew(); }, [&] { arrive_for_a_moment(); },
      [&] {
        EXPECT_EQ(thing().arrive_and_wait(kNobody, kParties, 0), Outcome::timed_out)
            << "the dead does not count";
        expect_two_to_meet();
      });
}

TEST_F(KilledWithBarrier, AfterAnotherOneTwoOthersStillMeet) {
  kill_at_every_instruction(
      [&] {
        renew();
        let_one_die_waiting();
      },
      [&] { arrive_for_a_moment(); }, [&] { expect_two_to_meet(); });
}

class KilledWithQueue : public testing::Test {
 protected:
  static constexpr ByteQueue::Shape kShape{2, 24};
  struct Memory {
    QueueState state;
    std::array<std::byte, 64> cells{};
  };

  static std::string piece(char c) { return std::string(kShape.cell_bytes, c); }
  Outcome push(const std::string& text, std::uint64_t timeout_ns = 0) {
    return queue().push(kNobody, std::as_bytes(std::span(text)), timeout_ns);
  }
  // Empty: there is none.
  std::string pop() {
    std::string room(kShape.cell_bytes, '\0');
    const auto popped = queue().pop(kNobody, std::as_writable_bytes(std::span(room)), 0);
    room.resize(popped.outcome == Outcome::done ? popped.size : 0);
    return room;
  }
  ByteQueue queue() { return {memory_->state, memory_->cells.data(), kShape}; }
  void renew(const std::string& content) {
    new (&*memory_) Memory;
    if (!content.empty()) {
      push(content);
    }
  }
  void expect_to_work() {
    EXPECT_EQ(push(piece('x'), kPatienceNs), Outcome::done);
    EXPECT_EQ(push(piece('y'), kPatienceNs), Outcome::done);
    EXPECT_EQ(push(piece('z')), Outcome::timed_out) << "it is full";
    EXPECT_EQ(pop(), piece('x'));
    EXPECT_EQ(pop(), piece('y'));
    EXPECT_EQ(pop(), "");
  }

  SharedValue<Memory> memory_;
};

TEST_F(KilledWithQueue, WhatItWroteIsThereAsAWholeOrNotAtAll) {
  kill_at_every_instruction([&] { renew(""); }, [&] { push(piece('a'), kPatienceNs); },
                            [&] {
                              const std::string got = pop();
                              EXPECT_TRUE(got.empty() || got == piece('a')) << got;
                              expect_to_work();
                            });
}

TEST_F(KilledWithQueue, WhatItReadWasReadOrIsStillThere) {
  kill_at_every_instruction([&] { renew(piece('a')); }, [&] { pop(); },
                            [&] {
                              const std::string got = pop();
                              EXPECT_TRUE(got.empty() || got == piece('a')) << got;
                              expect_to_work();
                            });
}

class KilledWithTopic : public testing::Test {
 protected:
  static constexpr Topic::Shape kShape{2, 24};
  struct Memory {
    TopicState state;
    alignas(8) std::array<std::byte, 128> cells{};
  };
  static_assert(sizeof(Memory::cells) >= 2 * (16 + 24));

  Topic topic() { return {memory_->state, memory_->cells.data(), kShape}; }
  void publish(char letter) {
    const std::string piece(kShape.cell_bytes, letter);
    topic().publish(std::as_bytes(std::span(piece)));
  }
  // All that a reader from the beginning gets, by the letters of the pieces.
  std::string read_all() {
    std::string letters;
    std::string piece;
    for (Topic::Cursor cursor; topic().read(cursor, piece);) {
      EXPECT_EQ(piece, std::string(kShape.cell_bytes, piece.at(0)));
      letters += piece.at(0);
    }
    return letters;
  }

  SharedValue<Memory> memory_;
};

TEST_F(KilledWithTopic, WhatItPublishedIsThereAsAWholeOrNotAtAll) {
  kill_at_every_instruction(
      [&] {
        new (&*memory_) Memory;
        publish('a');
        publish('b');
      },
      [&] { publish('c'); },
      [&] {
        // Where it was killed while it wrote over the oldest, that one is lost.
        const std::string got = read_all();
        EXPECT_TRUE(got == "ab" || got == "b" || got == "bc") << got;
        publish('x');
        publish('y');
        EXPECT_EQ(read_all(), "xy");
      });
}

class KilledWithMap : public testing::Test {
 protected:
  static constexpr std::uint32_t kSlots = 4;
  struct Memory {
    MapState state;
    std::array<MapSlot, kSlots> slots;
  };

  ByteMap map() { return {memory_->state, memory_->slots.data(), kSlots}; }
  void renew() {
    new (&*memory_) Memory;
    for (const char* const key : {"a", "b", "c"}) {
      map().put(key, std::string("old value of ") + key, ByteMap::kAnyVersion);
    }
  }
  std::string get(const std::string& key) {
    std::array<char, ByteMap::kMaxValueBytes> room{};
    const auto found = map().get(key, room.data());
    return found ? std::string(room.data(), found->size) : "none";
  }
  void expect_to_work() {
    EXPECT_EQ(map().put("c", "again", ByteMap::kAnyVersion), ByteMap::Change::done);
    EXPECT_EQ(get("c"), "again");
    for (const char* const key : {"a", "b", "c", "d"}) {
      EXPECT_EQ(map().erase(key, ByteMap::kAnyVersion), ByteMap::Change::done);
      EXPECT_EQ(get(key), "none");
    }
    EXPECT_EQ(map().used(), 0U);
  }

  SharedValue<Memory> memory_;
};

TEST_F(KilledWithMap, AKeyHasItsOldValueOrItsNewOne) {
  const std::string next(ByteMap::kMaxValueBytes, 'n');
  kill_at_every_instruction([&] { renew(); }, [&] { map().put("a", next, ByteMap::kAnyVersion); },
                            [&] {
                              EXPECT_TRUE(get("a") == "old value of a" || get("a") == next);
                              EXPECT_EQ(get("b"), "old value of b");
                              EXPECT_EQ(get("c"), "old value of c");
                              expect_to_work();
                            });
}

TEST_F(KilledWithMap, ANewKeyIsThereOrNot) {
  kill_at_every_instruction([&] { renew(); }, [&] { map().put("d", "d's", 0); },
                            [&] {
                              EXPECT_TRUE(get("d") == "none" || get("d") == "d's") << get("d");
                              EXPECT_EQ(get("a"), "old value of a");
                              expect_to_work();
                            });
}

TEST_F(KilledWithMap, AKeyIsErasedOrNotAndTheOthersAreFound) {
  kill_at_every_instruction([&] { renew(); }, [&] { map().erase("b", ByteMap::kAnyVersion); },
                            [&] {
                              EXPECT_TRUE(get("b") == "none" || get("b") == "old value of b");
                              EXPECT_EQ(get("a"), "old value of a");
                              EXPECT_EQ(get("c"), "old value of c");
                              expect_to_work();
                            });
}

TEST(KilledWithTable, WhatItMadeIsThereOrNotAndTheNextHasItsOwnMemory) {
  std::unique_ptr<SharedTable> table;
  const SharedSpec mine{SharedKind::queue, "mine", 4, 100, 0};
  const SharedSpec others{SharedKind::mutex, "others", 0, 0, 0};
  kill_at_every_instruction(
      [&] { table = std::make_unique<SharedTable>(); }, [&] { table->find_or_make(mine); },
      [&] {
        const auto second = table->find_or_make(others);
        const auto first = table->find_or_make(mine);
        ASSERT_EQ(first.problem, "");
        ASSERT_EQ(second.problem, "");
        const auto distance = first.entry.memory - second.entry.memory;
        EXPECT_TRUE(distance >= static_cast<std::ptrdiff_t>(size_of(others)) ||
                    -distance >= static_cast<std::ptrdiff_t>(size_of(mine)));
        EXPECT_EQ(table->entries().size(), 2U);
      });
}

}  // namespace
}  // namespace prefork::ipc
