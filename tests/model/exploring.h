// How the tests here explore: with what bounds, and what they say of it. PREFORK_MODEL_MORE=N is so
// many preemptions more, each of which takes some fifty times as long.
#pragma once

#include <gtest/gtest.h>

#include <cstdint>
#include <cstdlib>
#include <functional>
#include <string>

#include "ipc/shared/wait_board.h"
#include "tests/model/explorer.h"

namespace prefork::model {

inline constexpr ipc::WaitName kNobody;
// Longer than it takes to look at dead owners, and a few sleeps only.
inline constexpr std::uint64_t kPatienceNs = 100'000'000;

inline Report explore(Bounds bounds, const std::function<void(Explorer&)>& prepare) {
  const char* const more = std::getenv("PREFORK_MODEL_MORE");
  bounds.preemptions += more != nullptr ? std::atoi(more) : 0;
  const Report report = Explorer::explore(bounds, prepare);
  ::testing::Test::RecordProperty("runs", std::to_string(report.runs));
  ::testing::Test::RecordProperty("kills", std::to_string(report.kills));
  return report;
}

inline void expect_no_problem(const Bounds& bounds, const std::function<void(Explorer&)>& prepare) {
  const Report report = explore(bounds, prepare);
  EXPECT_EQ(report.problem, "") << "in run " << report.runs;
}

// Who is inside of something that has room for so many.
class Inside {
 public:
  // `told`: that an owner has died.
  void enter(bool told, int room = 1) {
    const std::uint32_t self = Explorer::current_process();
    for (std::uint32_t process = 1; process < kMost; ++process) {
      if (is_inside_[process] && Explorer::was_killed(process)) {
        Explorer::require(told || room > 1, "its owner died, and the next one is not told");
        is_inside_[process] = false;
        --count_;
      }
    }
    Explorer::require(count_ < room, "more own it than may");
    is_inside_[self] = true;
    ++count_;
  }
  void leave() {
    is_inside_[Explorer::current_process()] = false;
    --count_;
  }

 private:
  static constexpr std::uint32_t kMost = 8;

  bool is_inside_[kMost] = {};
  int count_ = 0;
};

}  // namespace prefork::model
