// That exploring finds what is wrong: each of these has one fault that has been made in such code
// before.
#include <gtest/gtest.h>

#include <array>
#include <memory>
#include <optional>
#include <string>

#include "ipc/shared/owner_word.h"
#include "ipc/shared/wait_point.h"
#include "tests/model/exploring.h"

namespace prefork::model {
namespace {

using ipc::Look;
using ipc::Taken;

enum class Fault {
  none,
  asks_who_waits_before_it_is_free,
  tries_before_it_announces,
  takes_from_dead_without_comparing,
  does_not_look_at_owners,
};

// A mutex of the same parts as the real one.
class FaultyMutex {
 public:
  explicit FaultyMutex(Fault fault) : fault_(fault) {}

  ipc::Outcome lock() {
    if (fault_ == Fault::tries_before_it_announces) {
      return lock_in_the_wrong_order();
    }
    const auto attempt = [this](Look look) { return take(look); };
    return ipc::wait_for(waiting_, kNobody, ipc::deadline_after(kPatienceNs), attempt)
        .value_or(ipc::Outcome::timed_out);
  }
  void unlock() {
    if (fault_ == Fault::asks_who_waits_before_it_is_free) {
      waiting_.wake_one();
      word_.store(0);
      return;
    }
    word_.store(0);
    waiting_.wake_one();
  }

 private:
  std::optional<ipc::Outcome> take(Look look) {
    std::uint64_t seen = word_.load();
    const std::uint64_t own = ipc::ProcessKey::own().bits();
    if (seen == 0) {
      return word_.compare_exchange_strong(seen, own) ? std::optional(ipc::Outcome::done)
                                                      : std::nullopt;
    }
    if (look == Look::no || fault_ == Fault::does_not_look_at_owners ||
        ipc::ProcessKey(seen).is_alive()) {
      return std::nullopt;
    }
    if (fault_ == Fault::takes_from_dead_without_comparing) {
      word_.store(own);
      return ipc::Outcome::owner_died;
    }
    return word_.compare_exchange_strong(seen, own) ? std::optional(ipc::Outcome::owner_died)
                                                    : std::nullopt;
  }
  ipc::Outcome lock_in_the_wrong_order() {
    for (;;) {
      if (const auto got = take(Look::no)) {
        return *got;
      }
      waiting_.sleep(waiting_.announce(), kPatienceNs);
    }
  }

  const Fault fault_;
  ipc::Atomic<std::uint64_t> word_{0};
  ipc::WaitPoint waiting_;
};

std::string problem_with(Fault fault, const Bounds& bounds) {
  struct Shared {
    explicit Shared(Fault one) : mutex(one) {}
    FaultyMutex mutex;
    Inside inside;
    ipc::Atomic<int> work{0};
  };
  return explore(bounds,
                 [fault](Explorer& explorer) {
                   const auto shared = std::make_shared<Shared>(fault);
                   for (int i = 0; i < 3; ++i) {
                     explorer.add_process([shared] {
                       const auto outcome = shared->mutex.lock();
                       Explorer::require(outcome != ipc::Outcome::timed_out,
                                         "nobody gives it back");
                       shared->inside.enter(outcome == ipc::Outcome::owner_died);
                       shared->work.fetch_add(1);
                       shared->inside.leave();
                       shared->mutex.unlock();
                     });
                   }
                 })
      .problem;
}

TEST(Exploring, FindsNothingWhereNothingIsWrong) {
  EXPECT_EQ(problem_with(Fault::none, {.preemptions = 2}), "");
  EXPECT_EQ(problem_with(Fault::none, {.preemptions = 1, .kills = 1}), "");
}

TEST(Exploring, FindsALostWakeUp) {
  EXPECT_NE(problem_with(Fault::tries_before_it_announces, {.preemptions = 2})
                .find("sleeps whom nobody will wake"),
            std::string::npos);
  EXPECT_NE(problem_with(Fault::asks_who_waits_before_it_is_free, {.preemptions = 2})
                .find("sleeps whom nobody will wake"),
            std::string::npos);
}

TEST(Exploring, FindsTwoOwnersAfterADeath) {
  EXPECT_NE(problem_with(Fault::takes_from_dead_without_comparing, {.preemptions = 2, .kills = 1})
                .find("more own it than may"),
            std::string::npos);
}

TEST(Exploring, FindsWhatStaysLockedAfterADeath) {
  EXPECT_NE(problem_with(Fault::does_not_look_at_owners, {.preemptions = 0, .kills = 1})
                .find("nobody gives it back"),
            std::string::npos);
}

TEST(Exploring, FindsAnIncrementThatIsLost) {
  const Report report = explore({.preemptions = 1}, [](Explorer& explorer) {
    const auto number = std::make_shared<ipc::Atomic<int>>(0);
    for (int i = 0; i < 2; ++i) {
      explorer.add_process([number] { number->store(number->load() + 1); });
    }
    explorer.at_end([number] { Explorer::require(number->load() == 2, "one is lost"); });
  });
  EXPECT_EQ(report.problem, "one is lost; steps: 1: r0; 2: r0 c0; 1: c0") << report.runs;
}

// A queue of one cell whose writer says that there is a piece before it is there.
TEST(Exploring, FindsAValueOfTwoParts) {
  struct Cell {
    ipc::Atomic<int> first{0};
    ipc::Atomic<int> second{0};
    ipc::Atomic<int> is_full{0};
  };
  const Report report = explore({.preemptions = 1}, [](Explorer& explorer) {
    const auto cell = std::make_shared<Cell>();
    explorer.add_process([cell] {
      cell->first.store(7);
      cell->is_full.store(1);
      cell->second.store(7);
    });
    explorer.add_process([cell] {
      if (cell->is_full.load() == 1) {
        const int first = cell->first.load();
        Explorer::require(first == cell->second.load(), "it is torn");
      }
    });
  });
  EXPECT_NE(report.problem.find("it is torn"), std::string::npos);
}

TEST(Exploring, KillsAtEveryStep) {
  const Report report = explore({.preemptions = 0, .kills = 1}, [](Explorer& explorer) {
    const auto words = std::make_shared<std::array<ipc::Atomic<int>, 3>>();
    explorer.add_process([words] {
      for (ipc::Atomic<int>& word : *words) {
        word.store(1);
      }
    });
  });
  EXPECT_EQ(report.problem, "");
  EXPECT_EQ(report.runs, 4U);
  EXPECT_EQ(report.kills, 3U);
}

}  // namespace
}  // namespace prefork::model
