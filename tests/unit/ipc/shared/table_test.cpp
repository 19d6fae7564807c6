#include "ipc/shared/table.h"

#include <gtest/gtest.h>

#include <string>

#include "tests/unit/ipc/processes.h"

namespace prefork::ipc {
namespace {

using testing_ipc::ForkedChild;

const SharedSpec kMutex{SharedKind::mutex, "orders", 0, 0, 0};
const SharedSpec kQueue{SharedKind::queue, "jobs", 16, 100, 0};

TEST(SharedTable, GivesEverybodyTheSameThingByName) {
  SharedTable table;
  const auto mine = table.find_or_make(kMutex);
  ASSERT_EQ(mine.problem, "");
  ASSERT_EQ(table.find_or_make(kQueue).problem, "");
  ForkedChild other([&] {
    const auto theirs = table.find_or_make(kMutex);
    EXPECT_EQ(theirs.entry.memory, mine.entry.memory);
    *theirs.entry.memory = std::byte{42};
  });
  EXPECT_EQ(other.wait(), 0);
  EXPECT_EQ(*mine.entry.memory, std::byte{42});
  const auto entries = table.entries();
  ASSERT_EQ(entries.size(), 2U);
  EXPECT_EQ(entries[0].spec, kMutex);
  EXPECT_EQ(entries[1].spec, kQueue);
  EXPECT_EQ(entries[1].wait_name.what, 2U);
}

TEST(SharedTable, RefusesAnotherThingOfAKnownNameAndSaysWhatThereIs) {
  SharedTable table;
  ASSERT_EQ(table.find_or_make(kQueue).problem, "");
  SharedSpec longer = kQueue;
  longer.count = 32;
  EXPECT_EQ(table.find_or_make(longer).problem,
            "declared as a queue of 32 pieces of at most 100 bytes, but the server has a queue of "
            "16 pieces of at most 100 bytes of that name, until it is started anew; give it "
            "another name");
  EXPECT_NE(table.find_or_make({SharedKind::map, "jobs", 3, 0, 0}).problem, "");
  EXPECT_EQ(table.find_or_make(kQueue).problem, "");
}

TEST(SharedTable, RefusesWhatDoesNotFit) {
  SharedTable table;
  const SharedSpec large{SharedKind::queue, "large", SharedSpec::kMaxCells, 1000, 0};
  SharedSpec second = large;
  second.name = "second";
  ASSERT_EQ(table.find_or_make(large).problem, "");
  EXPECT_NE(table.find_or_make(second).problem.find("bytes, and of 67108864 there are"),
            std::string::npos);
  EXPECT_EQ(table.find_or_make(kMutex).problem, "") << "others still do";
  for (std::uint32_t i = 2; i < SharedTable::kMaxEntries; ++i) {
    SharedSpec spec = kMutex;
    spec.name += std::to_string(i);
    ASSERT_EQ(table.find_or_make(spec).problem, "");
  }
  EXPECT_EQ(table.find_or_make(kQueue).problem, "the server has room for 256 of them");
}

TEST(SharedTable, CanBeReadOnlyForGood) {
  SharedTable table;
  const auto made = table.find_or_make(kMutex);
  ForkedChild observer([&] {
    table.make_read_only();
    EXPECT_EQ(table.entries().size(), 1U);
    std::signal(SIGSEGV, [](int) { ::_exit(42); });
    *made.entry.memory = std::byte{1};
  });
  EXPECT_EQ(observer.wait(), 42);
}

TEST(SharedSpec, HasANameAndSizesThatMakeSense) {
  EXPECT_EQ(find_fault(kMutex), "");
  EXPECT_EQ(find_fault({SharedKind::rate_limit, "mail.out:daily-1", 10, 0, 1000}), "");
  for (const char* const name : {"", "1st", "a b", "a/b", "\xC3\xA9"}) {
    EXPECT_NE(find_fault({SharedKind::mutex, name, 0, 0, 0}), "") << name;
  }
  EXPECT_NE(find_fault({SharedKind::mutex, std::string(48, 'x'), 0, 0, 0}), "");
  EXPECT_EQ(find_fault({SharedKind::semaphore, "s", 257, 0, 0}), "the units must be 1 to 256");
  EXPECT_EQ(find_fault({SharedKind::barrier, "b", 0, 0, 0}), "the parties must be 1 to 256");
  EXPECT_NE(find_fault({SharedKind::queue, "q", 1, 0, 0}), "");
  EXPECT_NE(find_fault({SharedKind::map, "m", 0, 0, 0}), "");
  EXPECT_NE(find_fault({SharedKind::rate_limit, "r", 1, 0, 0}), "");
  EXPECT_NE(find_fault({SharedKind::rate_limit, "r", 1'000'000, 0, 86'400'000'000'000}), "");
  EXPECT_EQ(find_fault({static_cast<SharedKind>(99), "x", 0, 0, 0}), "there is no such kind");
}

}  // namespace
}  // namespace prefork::ipc
