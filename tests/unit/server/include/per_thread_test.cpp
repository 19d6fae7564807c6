// What each thread has for itself.
#include <gtest/gtest.h>

#include <prefork/worker.hpp>

#include <atomic>
#include <memory>
#include <stdexcept>
#include <thread>

namespace prefork {
namespace {

// Counts how many there are.
class CountedThing {
 public:
  explicit CountedThing(std::atomic<int>& count) : count_(count) { ++count_; }
  ~CountedThing() { --count_; }
  CountedThing(const CountedThing&) = delete;
  CountedThing& operator=(const CountedThing&) = delete;
  CountedThing* self() { return this; }

 private:
  std::atomic<int>& count_;
};

std::atomic<int> counted_things{0};

PerThread<CountedThing> counted_per_thread() {
  return PerThread<CountedThing>([] { return std::make_unique<CountedThing>(counted_things); });
}

// On a thread of its own, to its end.
template <typename Function>
void on_a_thread(Function function) {
  std::thread(function).join();
}

TEST(PerThread, IsMadeOnceWhereItIsNeededAndEndsWithItsThread) {
  on_a_thread([] {
    const PerThread<CountedThing> mine = counted_per_thread();
    EXPECT_EQ(counted_things, 0) << "nobody has asked";
    CountedThing* const first = mine->self();
    EXPECT_EQ(&*mine, first);
    EXPECT_EQ(PerThread<CountedThing>(mine)->self(), first) << "a copy means the same";
    EXPECT_EQ(counted_things, 1);
    on_a_thread([mine, first] {
      EXPECT_NE(mine->self(), first);
      EXPECT_EQ(counted_things, 2);
    });
    EXPECT_EQ(counted_things, 1);
    EXPECT_EQ(mine->self(), first);
  });
  EXPECT_EQ(counted_things, 0);
}

TEST(PerThread, IsAnotherForEachThatWasMade) {
  on_a_thread([] {
    CountedThing* const first = counted_per_thread()->self();
    EXPECT_NE(counted_per_thread()->self(), first) << "also when the first one has gone";
    EXPECT_EQ(counted_things, 2);
  });
  EXPECT_EQ(counted_things, 0);
}

TEST(PerThread, IsAskedForAgainWhereItCouldNotBeMade) {
  on_a_thread([] {
    int tries = 0;
    const PerThread<int> mine([&tries]() -> std::unique_ptr<int> {
      ++tries;
      if (tries == 1) {
        throw std::runtime_error("no connection");
      }
      return tries == 2 ? nullptr : std::make_unique<int>(tries);
    });
    EXPECT_THROW(static_cast<void>(*mine), std::runtime_error);
    EXPECT_THROW(static_cast<void>(*mine), std::invalid_argument);
    EXPECT_EQ(*mine, 3);
    EXPECT_EQ(*mine, 3);
  });
  EXPECT_THROW(PerThread<int>(PerThread<int>::Make()), std::invalid_argument);
}

}  // namespace
}  // namespace prefork
