#include "ipc/base/seqlock.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <cstdint>
#include <thread>

#include "tests/unit/ipc/processes.h"

namespace prefork::ipc {
namespace {

using testing_ipc::ForkedChild;
using testing_ipc::Gate;
using testing_ipc::SharedValue;

using Box = SeqlockBox<8>;
constexpr int kKilled = 128 + SIGKILL;

Box::Words all(std::uint64_t value) {
  Box::Words words;
  words.fill(value);
  return words;
}

bool are_of_one_write(const Box::Words& words) {
  return std::all_of(words.begin(), words.end(),
                     [&words](std::uint64_t word) { return word == words[0]; });
}

// Some time between two writes, without which a reader would hardly ever get its turn; now and then
// the processor too, should both have to share one.
void let_readers_in(std::uint64_t write) {
  static std::atomic<int> turns{0};
  for (int i = 0; i < 100; ++i) {
    turns.store(i, std::memory_order_relaxed);
  }
  if (write % 64 == 0) {
    std::this_thread::yield();
  }
}

TEST(Seqlock, AFreshBoxReadsAsZeros) {
  const Box box;
  EXPECT_EQ(box.read(), all(0));
}

TEST(Seqlock, ReadsBackTheLastWrite) {
  Box box;
  const Box::Words words = {1, 2, 3, 4, 5, 6, 7, ~std::uint64_t{0}};
  box.write(all(9));
  box.write(words);
  EXPECT_EQ(box.read(), words);
  EXPECT_EQ(box.read(), words) << "a read changes nothing";
}

TEST(Seqlock, AWriteOfSomeWordsKeepsTheOthers) {
  Box box;
  box.write({1, 2, 3, 4, 5, 6, 7, 8});
  const std::uint64_t sequence = box.begin_write();
  box.store_word(1, 20);
  EXPECT_EQ(box.read(), std::nullopt) << "in the middle of a write there is nothing to read";
  box.end_write(sequence);
  EXPECT_EQ(box.read(), (Box::Words{1, 20, 3, 4, 5, 6, 7, 8}));
}

TEST(Seqlock, AReaderNeverSeesWordsOfTwoWrites) {
  constexpr int kDifferentValues = 300;
  Box box;
  std::atomic<bool> enough{false};
  std::thread writer([&box, &enough] {
    for (std::uint64_t value = 1; !enough.load(std::memory_order_relaxed); ++value) {
      box.write(all(value));
      let_readers_in(value);
    }
  });
  std::uint64_t last = 0;
  int torn = 0;
  int gone_back = 0;
  for (int different = 0; different < kDifferentValues;) {
    const auto words = box.read();
    if (!words) {
      continue;
    }
    torn += are_of_one_write(*words) ? 0 : 1;
    gone_back += (*words)[0] < last ? 1 : 0;
    if ((*words)[0] != last) {
      ++different;
    } else {
      std::this_thread::yield();
    }
    last = (*words)[0];
  }
  enough.store(true, std::memory_order_relaxed);
  writer.join();
  EXPECT_EQ(torn, 0);
  EXPECT_EQ(gone_back, 0);
}

TEST(Seqlock, AReaderGivesUpOnAWriterKilledWithinAWriteAndASuccessorMendsTheBox) {
  SharedValue<Box> box;
  box->write(all(1));
  Gate within_write;
  ForkedChild writer([&] {
    box->begin_write();
    box->store_word(0, 2);
    box->store_word(1, 2);
    within_write.open();
    testing_ipc::stand_still();
  });
  within_write.wait();
  ASSERT_EQ(writer.kill_and_wait(), kKilled);
  EXPECT_EQ(box->read(), std::nullopt);
  EXPECT_EQ(box->read(), std::nullopt) << "it stays so until somebody writes";

  ForkedChild successor([&box] { box->write(all(3)); });
  ASSERT_EQ(successor.wait(), 0);
  EXPECT_EQ(box->read(), all(3));
  box->write(all(4));
  EXPECT_EQ(box->read(), all(4));
}

TEST(Seqlock, SuccessorsKilledWithinTheirWritesOneAfterAnotherCanBeMended) {
  SharedValue<Box> box;
  for (std::uint64_t value = 1; value <= 4; ++value) {
    Gate within_write;
    ForkedChild writer([&] {
      box->begin_write();
      box->store_word(value, value);
      within_write.open();
      testing_ipc::stand_still();
    });
    within_write.wait();
    ASSERT_EQ(writer.kill_and_wait(), kKilled);
    EXPECT_EQ(box->read(), std::nullopt) << "after " << value << " dead writers";
  }
  box->write(all(9));
  EXPECT_EQ(box->read(), all(9));
}

TEST(Seqlock, AWriterKilledAtAnyInstructionLeavesAWholeValueOrNone) {
  constexpr int kWriters = 40;
  SharedValue<Box> box;
  std::uint64_t first_value = 1;
  for (int i = 0; i < kWriters; ++i) {
    Gate writes;
    ForkedChild writer([&] {
      box->write(all(first_value));
      writes.open();
      for (std::uint64_t value = first_value;; ++value) {
        box->write(all(value));
      }
    });
    writes.wait();
    ASSERT_EQ(writer.kill_and_wait(), kKilled);
    const auto words = box->read();
    if (words) {
      EXPECT_TRUE(are_of_one_write(*words));
      EXPECT_GE((*words)[0], first_value);
    }
    first_value += std::uint64_t{1} << 40;
    box->write(all(first_value));
    ASSERT_EQ(box->read(), all(first_value)) << "the successor recovers";
  }
}

}  // namespace
}  // namespace prefork::ipc
