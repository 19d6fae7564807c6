// Processes that use everything at once and are killed with SIGKILL at random moments, again and
// again: nothing stays locked, no unit is lost, no value is torn.
#include <gtest/gtest.h>

#include <array>
#include <cstring>
#include <map>
#include <memory>
#include <optional>
#include <random>
#include <string>
#include <vector>

#include "ipc/shared/byte_map.h"
#include "ipc/shared/byte_queue.h"
#include "ipc/shared/once.h"
#include "ipc/shared/rw_lock.h"
#include "ipc/shared/semaphore.h"
#include "ipc/shared/shared_number.h"
#include "tests/inprocess/ipc/shared/killed_child.h"
#include "tests/unit/ipc/processes.h"
#include "tests/unit/ipc/shared/waiting.h"

namespace prefork::ipc {
namespace {

using testing_ipc::ForkedChild;
using testing_ipc::kills;
using testing_ipc::kNobody;
using testing_ipc::kPatienceNs;
using testing_ipc::SharedValue;

constexpr std::uint32_t kUnits = 3;
constexpr ByteQueue::Shape kShape{8, 64};
constexpr std::uint32_t kSlots = 16;

struct Pair {
  std::atomic<std::uint64_t> first{0};
  std::atomic<std::uint64_t> second{0};

  void change() {
    const std::uint64_t next = first.load() + 1;
    first.store(next);
    second.store(next);
  }
  [[nodiscard]] bool is_whole() const { return first.load() == second.load(); }
};

struct Shared {
  Mutex mutex;
  Pair by_mutex;
  Semaphore semaphore;
  std::array<std::atomic<std::uint32_t>, kUnits> users{};
  RwLock rw_lock;
  Pair by_rw_lock;
  QueueState queue;
  std::array<std::byte, 1024> cells{};
  MapState map;
  std::array<MapSlot, kSlots> slots;
  SharedNumber serial;
  SharedNumber rounds;
  SharedNumber deaths_told;
};

// What a process does until it is killed. Whatever it finds wrong ends it.
class Player {
 public:
  explicit Player(Shared& shared)
      : shared_(shared),
        queue_(shared.queue, shared.cells.data(), kShape),
        map_(shared.map, shared.slots.data(), kSlots) {}

  void play() {
    switch (random_() % 6) {
      case 0:
        return lock();
      case 1:
        return use_unit();
      case 2:
        return read();
      case 3:
        return write();
      case 4:
        return random_() % 2 == 0 ? push() : pop();
      default:
        return change_map();
    }
  }

  // Until no unit, piece or lock may be missing.
  void finish() {
    for (std::uint32_t i = 0; i < kUnits; ++i) {
      const auto acquired = shared_.semaphore.acquire(kNobody, kUnits, kPatienceNs);
      PREFORK_CHECK(acquired.outcome != Outcome::timed_out);
    }
    PREFORK_CHECK(shared_.semaphore.acquire(kNobody, kUnits, 0).outcome == Outcome::timed_out);
    while (queue_.depth() != 0) {
      pop();
    }
    for (std::uint32_t i = 0; i < kShape.cells; ++i) {
      push();
    }
    PREFORK_CHECK(queue_.depth() == kShape.cells);
    lock();
    read();
    write();
    change_map();
  }

 private:
  void told(Outcome outcome) {
    PREFORK_CHECK(outcome == Outcome::done || outcome == Outcome::owner_died);
    if (outcome == Outcome::owner_died) {
      shared_.deaths_told.add(1);
    }
  }

  void lock() {
    const Outcome outcome = shared_.mutex.lock(kNobody, kPatienceNs);
    told(outcome);
    PREFORK_CHECK(shared_.by_mutex.is_whole() || outcome == Outcome::owner_died);
    shared_.by_mutex.change();
    PREFORK_CHECK(shared_.mutex.unlock() == Outcome::done);
  }

  void use_unit() {
    const auto acquired = shared_.semaphore.acquire(kNobody, kUnits, kPatienceNs);
    told(acquired.outcome);
    auto& users = shared_.users[acquired.unit];
    PREFORK_CHECK(users.exchange(1) == 0 || acquired.outcome == Outcome::owner_died);
    users.store(0);
    PREFORK_CHECK(shared_.semaphore.release(acquired.unit) == Outcome::done);
  }

  void read() {
    const auto reading = shared_.rw_lock.read(kNobody, kPatienceNs);
    told(reading.outcome);
    PREFORK_CHECK(shared_.by_rw_lock.is_whole() || reading.outcome == Outcome::owner_died);
    PREFORK_CHECK(shared_.rw_lock.stop_reading(reading.reader) == Outcome::done);
  }

  void write() {
    const Outcome outcome = shared_.rw_lock.write(kNobody, kPatienceNs);
    told(outcome);
    PREFORK_CHECK(shared_.by_rw_lock.is_whole() || outcome == Outcome::owner_died);
    shared_.by_rw_lock.change();
    PREFORK_CHECK(shared_.rw_lock.stop_writing() == Outcome::done);
  }

  void push() {
    std::array<std::uint64_t, kShape.cell_bytes / sizeof(std::uint64_t)> piece;
    piece.fill(static_cast<std::uint64_t>(shared_.serial.add(1)));
    queue_.push(kNobody, std::as_bytes(std::span(piece)), 0);
  }

  void pop() {
    std::array<std::uint64_t, kShape.cell_bytes / sizeof(std::uint64_t)> piece{};
    const auto popped = queue_.pop(kNobody, std::as_writable_bytes(std::span(piece)), 0);
    if (popped.outcome == Outcome::done) {
      PREFORK_CHECK(popped.size == sizeof piece);
      PREFORK_CHECK(piece[0] != 0 &&
                    std::all_of(piece.begin(), piece.end(),
                                [&](std::uint64_t part) { return part == piece[0]; }));
    }
  }

  void change_map() {
    const std::string key = "key " + std::to_string(random_() % 8);
    std::array<char, ByteMap::kMaxValueBytes> room{};
    const auto found = map_.get(key, room.data());
    if (found) {
      const std::string value(room.data(), found->size);
      PREFORK_CHECK(value.starts_with(key) &&
                    value.find_first_not_of(value.back(), key.size()) == std::string::npos);
    }
    const std::size_t size = 1 + random_() % (ByteMap::kMaxValueBytes - key.size());
    const char letter = static_cast<char>('a' + random_() % 26);
    if (random_() % 4 == 0) {
      map_.erase(key, ByteMap::kAnyVersion);
    } else {
      map_.put(key, key + std::string(size, letter), found ? found->version : 0);
    }
  }

  Shared& shared_;
  ByteQueue queue_;
  ByteMap map_;
  std::mt19937 random_{std::random_device{}()};
};

TEST(RandomKills, LeaveNothingLockedLostOrTorn) {
  SharedValue<Shared> shared;
  const auto start = [&] {
    return std::make_unique<ForkedChild>([&] {
      for (Player player(*shared);; shared->rounds.add(1)) {
        player.play();
      }
    });
  };
  std::vector<std::unique_ptr<ForkedChild>> children;
  for (int i = 0; i < 4; ++i) {
    children.push_back(start());
  }
  std::mt19937 random{std::random_device{}()};
  for (int i = 0; i < kills(200); ++i) {
    // They get on between two kills, however busy the machine is.
    const std::int64_t rounds = shared->rounds.get() + 1 + static_cast<int>(random() % 50);
    while (shared->rounds.get() < rounds) {
      ::usleep(static_cast<unsigned>(random() % 50));
      // Nobody ends but by a kill, or a round that should come does not.
      for (const auto& child : children) {
        ASSERT_FALSE(child->has_ended());
      }
    }
    auto& victim = children[random() % children.size()];
    ASSERT_EQ(victim->kill_and_wait(), 128 + SIGKILL);
    victim = start();
  }
  for (auto& child : children) {
    EXPECT_EQ(child->kill_and_wait(), 128 + SIGKILL);
  }
  ForkedChild last([&] { Player(*shared).finish(); });
  EXPECT_EQ(last.wait(), 0);
  RecordProperty("deaths_told", std::to_string(shared->deaths_told.get()));
}

}  // namespace
}  // namespace prefork::ipc
