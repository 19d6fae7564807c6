// What keeps bytes or a budget: queue, map, rate limit; between threads.
#include <gtest/gtest.h>

#include <array>
#include <memory>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "ipc/shared/byte_map.h"
#include "ipc/shared/byte_queue.h"
#include "ipc/shared/rate_limit.h"
#include "tests/unit/ipc/shared/waiting.h"

namespace prefork::ipc {
namespace {

using testing_ipc::kNobody;
using testing_ipc::kPatienceNs;

class SharedQueue : public testing::Test {
 protected:
  static constexpr ByteQueue::Shape kShape{4, 10};

  Outcome push(const std::string& text, std::uint64_t timeout_ns = 0) {
    return queue_.push(kNobody, std::as_bytes(std::span(text)), timeout_ns);
  }
  std::string pop(std::uint64_t timeout_ns = 0) {
    std::string room(kShape.cell_bytes, '\0');
    const auto popped = queue_.pop(kNobody, std::as_writable_bytes(std::span(room)), timeout_ns);
    return popped.outcome == Outcome::done ? room.substr(0, popped.size) : "nothing";
  }

  QueueState state_;
  std::vector<std::byte> cells_{ByteQueue::bytes_for(kShape)};
  ByteQueue queue_{state_, cells_.data(), kShape};
};

TEST_F(SharedQueue, GivesBackInOrderWhatItWasGiven) {
  for (const char* const text : {"one", "", "0123456789", "four"}) {
    EXPECT_EQ(push(text), Outcome::done);
  }
  EXPECT_EQ(queue_.depth(), 4U);
  EXPECT_EQ(push("five"), Outcome::timed_out);
  EXPECT_EQ(pop(), "one");
  EXPECT_EQ(push("five"), Outcome::done);
  EXPECT_EQ(pop(), "");
  EXPECT_EQ(pop(), "0123456789");
  EXPECT_EQ(pop(), "four");
  EXPECT_EQ(pop(), "five");
  EXPECT_EQ(pop(), "nothing");
  EXPECT_EQ(pop(1'000'000), "nothing");
}

TEST_F(SharedQueue, BetweenManyWritersAndReadersNothingIsLostAndEachWritersOrderIsKept) {
  constexpr int kWriters = 3;
  constexpr int kReaders = 3;
  constexpr int kEach = 300;
  std::array<std::vector<std::string>, kReaders> got;
  std::vector<std::thread> threads;
  for (int writer = 0; writer < kWriters; ++writer) {
    threads.emplace_back([&, writer] {
      for (int i = 0; i < kEach; ++i) {
        ASSERT_EQ(push(std::to_string(writer) + ":" + std::to_string(1000 + i), kPatienceNs),
                  Outcome::done);
      }
    });
  }
  for (int reader = 0; reader < kReaders; ++reader) {
    threads.emplace_back([&, reader] {
      for (int i = 0; i < kWriters * kEach / kReaders; ++i) {
        got[static_cast<std::size_t>(reader)].push_back(pop(kPatienceNs));
      }
    });
  }
  for (std::thread& thread : threads) {
    thread.join();
  }
  std::set<std::string> all;
  for (const auto& of_one : got) {
    std::array<std::string, kWriters> last;
    for (const std::string& piece : of_one) {
      ASSERT_EQ(piece.size(), 6U) << piece;
      std::string& before = last[static_cast<std::size_t>(piece[0] - '0')];
      EXPECT_LT(before, piece);
      before = piece;
      EXPECT_TRUE(all.insert(piece).second) << "twice: " << piece;
    }
  }
  EXPECT_EQ(all.size(), static_cast<std::size_t>(kWriters * kEach));
}

class SharedMap : public testing::Test {
 protected:
  static constexpr std::uint32_t kSlots = 8;

  std::string get(const std::string& key) {
    std::array<char, ByteMap::kMaxValueBytes> room{};
    const auto found = map_.get(key, room.data());
    version_ = found ? found->version : 0;
    return found ? std::string(room.data(), found->size) : "none";
  }
  ByteMap::Change put(const std::string& key, const std::string& value,
                      std::uint64_t expected = ByteMap::kAnyVersion) {
    return map_.put(key, value, expected);
  }
  ByteMap::Change erase(const std::string& key, std::uint64_t expected = ByteMap::kAnyVersion) {
    return map_.erase(key, expected);
  }

  std::unique_ptr<MapState> state_ = std::make_unique<MapState>();
  std::unique_ptr<std::array<MapSlot, kSlots>> slots_ =
      std::make_unique<std::array<MapSlot, kSlots>>();
  ByteMap map_{*state_, slots_->data(), kSlots};
  std::uint64_t version_ = 0;  // of what was got last
};

TEST_F(SharedMap, KeepsWhatItWasGivenByKey) {
  const std::string longest_key(ByteMap::kMaxKeyBytes, 'k');
  const std::string longest_value(ByteMap::kMaxValueBytes, 'v');
  EXPECT_EQ(get("a"), "none");
  EXPECT_EQ(put("a", "1"), ByteMap::Change::done);
  EXPECT_EQ(put("", ""), ByteMap::Change::done);
  EXPECT_EQ(put(longest_key, longest_value), ByteMap::Change::done);
  EXPECT_EQ(put("a", "a longer one"), ByteMap::Change::done);
  EXPECT_EQ(get("a"), "a longer one");
  EXPECT_EQ(get(""), "");
  EXPECT_EQ(get(longest_key), longest_value);
  EXPECT_EQ(map_.used(), 3U);
  EXPECT_EQ(erase("a"), ByteMap::Change::done);
  EXPECT_EQ(erase("a"), ByteMap::Change::done);
  EXPECT_EQ(get("a"), "none");
}

TEST_F(SharedMap, ChangesAVersionOnlyIfItIsTheOneThatIsThere) {
  EXPECT_EQ(put("a", "1", 0), ByteMap::Change::done);
  EXPECT_EQ(put("a", "2", 0), ByteMap::Change::other_version);
  get("a");
  const std::uint64_t first = version_;
  EXPECT_EQ(put("a", "2", first), ByteMap::Change::done);
  EXPECT_EQ(put("a", "3", first), ByteMap::Change::other_version);
  EXPECT_EQ(erase("a", first), ByteMap::Change::other_version);
  EXPECT_EQ(get("a"), "2");
  EXPECT_EQ(erase("a", version_), ByteMap::Change::done);
  EXPECT_EQ(erase("a", version_), ByteMap::Change::other_version);
  EXPECT_EQ(put("a", "new", 0), ByteMap::Change::done);
  get("a");
  EXPECT_GT(version_, first) << "a version is never had twice";
}

TEST_F(SharedMap, FindsEveryKeyWhateverWasErasedAndIsFullAtTheEnd) {
  for (std::uint32_t i = 0; i < kSlots; ++i) {
    EXPECT_EQ(put(std::to_string(i), "x"), ByteMap::Change::done);
  }
  EXPECT_EQ(put("one more", "x"), ByteMap::Change::full);
  EXPECT_EQ(put("3", "changed"), ByteMap::Change::done);
  for (int round = 0; round < 50; ++round) {
    const std::string key = std::to_string(round % 8);
    EXPECT_EQ(erase(key), ByteMap::Change::done);
    for (int other = 0; other < 8; ++other) {
      EXPECT_EQ(get(std::to_string(other)) == "none", other == round % 8) << round << ' ' << other;
    }
    EXPECT_EQ(put(key, "x"), ByteMap::Change::done);
  }
}

TEST_F(SharedMap, AReaderNeverSeesHalfOfAValue) {
  std::atomic<bool> is_over{false};
  std::thread writer([&] {
    for (int i = 0; i < 2000; ++i) {
      const auto letter = static_cast<char>('a' + i % 26);
      put("key", std::string(static_cast<std::size_t>(1 + i % 200), letter));
      if (i % 5 == 0) {
        erase("key");
      }
    }
    is_over = true;
  });
  std::array<char, ByteMap::kMaxValueBytes> room{};
  while (!is_over) {
    if (const auto found = map_.get("key", room.data())) {
      const std::string value(room.data(), found->size);
      ASSERT_EQ(value.find_first_not_of(value.front()), std::string::npos) << value;
    }
  }
  writer.join();
}

TEST(SharedRateLimit, GivesTheBurstAndThenOneAfterTheOther) {
  RateLimit limit;
  constexpr Rate kRate{100, 3};
  std::uint64_t now_ns = 1'000'000;
  EXPECT_EQ(limit.available(kRate, now_ns), 3U);
  for (int i = 0; i < 3; ++i) {
    EXPECT_EQ(limit.take(kRate, 1, now_ns), 0U);
  }
  EXPECT_EQ(limit.available(kRate, now_ns), 0U);
  EXPECT_EQ(limit.take(kRate, 1, now_ns), 100U);
  EXPECT_EQ(limit.take(kRate, 1, now_ns + 99), 1U);
  EXPECT_EQ(limit.take(kRate, 1, now_ns + 100), 0U);
  EXPECT_EQ(limit.take(kRate, 1, now_ns + 100), 100U);
  now_ns += 1'000'000;
  EXPECT_EQ(limit.take(kRate, 4, now_ns), kNever) << "never so many at once";
  EXPECT_EQ(limit.take(kRate, 3, now_ns), 0U);
  EXPECT_EQ(limit.take(kRate, 2, now_ns), 200U);
}

TEST(SharedRateLimit, GivesSoManyToAllTogether) {
  RateLimit limit;
  constexpr Rate kRate{1'000'000'000, 50};
  std::atomic<int> taken{0};
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([&] {
      for (int tries = 0; tries < 100; ++tries) {
        taken += limit.take(kRate, 1, 1'000'000) == 0 ? 1 : 0;
      }
    });
  }
  for (std::thread& thread : threads) {
    thread.join();
  }
  EXPECT_EQ(taken, 50);
}

}  // namespace
}  // namespace prefork::ipc
