// What keeps bytes or a budget for all processes, in every order and with a process killed
// anywhere: nothing is delivered twice, nothing that was put in is lost, and no value is of two.
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "ipc/shared/byte_map.h"
#include "ipc/shared/byte_queue.h"
#include "ipc/shared/rate_limit.h"
#include "ipc/shared/shared_number.h"
#include "tests/model/exploring.h"

namespace prefork::model {
namespace {

using ipc::Outcome;

// --- queue ---------------------------------------------------------------------------------------

class WithQueue {
 public:
  explicit WithQueue(std::uint32_t cells) : cells_(cells) {
    pushed_.reserve(kMost);
    popped_.reserve(kMost);
  }

  // False: nobody has made room, which is only right when somebody has died.
  bool push(int value) {
    const bool done =
        queue().push(kNobody, std::as_bytes(std::span(&value, 1)), kPatienceNs) == Outcome::done;
    if (done) {
      pushed_.push_back(value);
    }
    return done;
  }
  bool pop(std::uint64_t timeout_ns) {
    int value = 0;
    const auto popped =
        queue().pop(kNobody, std::as_writable_bytes(std::span(&value, 1)), timeout_ns);
    if (popped.outcome != Outcome::done) {
      return false;
    }
    Explorer::require(popped.size == sizeof value && value != 0, "a piece is torn");
    Explorer::require(std::find(popped_.begin(), popped_.end(), value) == popped_.end(),
                      "a piece is delivered twice");
    popped_.push_back(value);
    return true;
  }

  // At the end. Who was killed may have had one in hand.
  void check(std::size_t killed) {
    while (pop(0)) {
    }
    std::size_t lost = 0;
    for (const int value : pushed_) {
      lost += std::find(popped_.begin(), popped_.end(), value) == popped_.end() ? 1U : 0U;
    }
    Explorer::require(lost <= killed, "a piece is lost");
    for (std::uint32_t i = 0; i < cells_; ++i) {
      Explorer::require(push(1000 + static_cast<int>(i)), "room is lost");
    }
    Explorer::require(queue().depth() == cells_ && pop(0), "it does not work any more");
  }

 private:
  static constexpr std::size_t kMost = 16;

  ipc::ByteQueue queue() { return {state_, room_.data(), {cells_, sizeof(int)}}; }

  std::uint32_t cells_;
  ipc::QueueState state_;
  std::array<std::byte, 64> room_{};
  std::vector<int> pushed_;
  std::vector<int> popped_;
};

// Each of two writers has one piece; together the readers want all of them.
void prepare_queue(Explorer& explorer, std::uint32_t cells, int readers, bool has_kills) {
  const auto queue = std::make_shared<WithQueue>(cells);
  for (int writer = 1; writer <= 2; ++writer) {
    explorer.add_process([queue, writer, has_kills] {
      Explorer::require(queue->push(writer) || has_kills, "nobody makes room");
    });
  }
  for (int reader = 0; reader < readers; ++reader) {
    explorer.add_process([queue, readers, has_kills] {
      for (int i = 0; i < 2 / readers; ++i) {
        Explorer::require(queue->pop(kPatienceNs) || has_kills, "nothing comes");
      }
    });
  }
  explorer.at_end([queue, has_kills] { queue->check(has_kills ? 1 : 0); });
}

TEST(ModelOfQueue, TwoWritersAndAReaderWithRoomForOne) {
  expect_no_problem({.preemptions = 2},
                    [](Explorer& explorer) { prepare_queue(explorer, 1, 1, false); });
}

TEST(ModelOfQueue, TwoWritersAndTwoReaders) {
  expect_no_problem({.preemptions = 1},
                    [](Explorer& explorer) { prepare_queue(explorer, 2, 2, false); });
}

TEST(ModelOfQueue, OneIsKilledAnywhere) {
  expect_no_problem({.preemptions = 1, .kills = 1},
                    [](Explorer& explorer) { prepare_queue(explorer, 1, 1, true); });
}

// --- map -----------------------------------------------------------------------------------------

struct WithMap {
  static constexpr std::uint32_t kSlots = 2;
  ipc::MapState state;
  std::array<ipc::MapSlot, kSlots> slots;
  int added = 0;

  ipc::ByteMap map() { return {state, slots.data(), kSlots}; }
  std::string get(const char* key, std::uint64_t* version = nullptr) {
    std::array<char, ipc::ByteMap::kMaxValueBytes> room{};
    const auto found = map().get(key, room.data());
    if (version != nullptr) {
      *version = found ? found->version : 0;
    }
    return found ? std::string(room.data(), found->size) : std::string();
  }
  void add_letter() {
    for (;;) {
      std::uint64_t version = 0;
      const std::string before = get("key", &version);
      const auto change = map().put("key", before + "aaaaaaaaa", version);
      if (change == ipc::ByteMap::Change::done) {
        ++added;
        return;
      }
      Explorer::require(change == ipc::ByteMap::Change::other_version, "nobody can write");
    }
  }
};

TEST(ModelOfMap, TwoUpdatesAreBothThereAndAReaderSeesOneOrTheOther) {
  expect_no_problem({.preemptions = 3}, [](Explorer& explorer) {
    const auto shared = std::make_shared<WithMap>();
    for (int i = 0; i < 2; ++i) {
      explorer.add_process([shared] { shared->add_letter(); });
    }
    explorer.add_process([shared] {
      const std::string value = shared->get("key");
      Explorer::require(value.size() % 9 == 0 && value.find_first_not_of('a') == std::string::npos,
                        "a reader sees half of a value");
    });
    explorer.at_end(
        [shared] { Explorer::require(shared->get("key").size() == 18, "an update is lost"); });
  });
}

TEST(ModelOfMap, OneIsKilledAnywhere) {
  expect_no_problem({.preemptions = 2, .kills = 1}, [](Explorer& explorer) {
    const auto shared = std::make_shared<WithMap>();
    for (int i = 0; i < 2; ++i) {
      explorer.add_process([shared] { shared->add_letter(); });
    }
    explorer.at_end([shared] {
      const std::size_t letters = shared->get("key").size() / 9;
      const auto added = static_cast<std::size_t>(shared->added);
      Explorer::require(letters == added || letters == added + 1, "an update is lost");
      shared->add_letter();
      Explorer::require(shared->get("key").size() / 9 == letters + 1, "it does not work any more");
    });
  });
}

// --- numbers -------------------------------------------------------------------------------------

TEST(ModelOfNumber, NoStepIsLost) {
  expect_no_problem({.preemptions = 4}, [](Explorer& explorer) {
    const auto number = std::make_shared<ipc::SharedNumber>();
    for (int i = 0; i < 3; ++i) {
      explorer.add_process([number] {
        number->add(1);
        std::int64_t seen = number->get();
        while (!number->replace(seen, seen + 1)) {
        }
      });
    }
    explorer.at_end([number] { Explorer::require(number->get() == 6, "a step is lost"); });
  });
}

constexpr ipc::Rate kRate{100, 2};

TEST(ModelOfRateLimit, NobodyTakesWhatIsNotThereAndNothingIsLostWithTheDead) {
  expect_no_problem({.preemptions = 4, .kills = 1}, [](Explorer& explorer) {
    struct WithLimit {
      ipc::RateLimit limit;
      int taken = 0;
    };
    const auto shared = std::make_shared<WithLimit>();
    for (int i = 0; i < 3; ++i) {
      explorer.add_process([shared] {
        if (shared->limit.take(kRate, 1, 1000) == 0) {
          ++shared->taken;
        }
      });
    }
    explorer.at_end([shared] {
      const auto left = static_cast<int>(shared->limit.available(kRate, 1000));
      Explorer::require(shared->taken + left == 2, "one is lost, or there twice");
    });
  });
}

}  // namespace
}  // namespace prefork::model
