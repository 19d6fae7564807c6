// Coroutines by themselves: how they begin, wait for each other and end. No server is there.
#include <prefork/coroutine.hpp>

#include <gtest/gtest.h>

#include <stdexcept>
#include <string>
#include <utility>

namespace prefork {
namespace {

int coroutines_alive = 0;

struct Counted {
  Counted() { ++coroutines_alive; }
  ~Counted() { --coroutines_alive; }
  Counted(const Counted&) = delete;
  Counted& operator=(const Counted&) = delete;
};

// Waits until the test goes on.
class Gate final : public detail::Pause {
 public:
  explicit Gate(bool may_be_cancelled = true) : may_be_cancelled_(may_be_cancelled) {}
  ~Gate() = default;
  bool await_ready() const noexcept { return false; }
  template <detail::IsTask Awaiting>
  void await_suspend(std::coroutine_handle<Awaiting> awaiting) {
    root_ = awaiting.promise().root;
    coroutine_ = awaiting;
    root_->pause = this;
  }
  void await_resume() const noexcept {}
  bool cancel() override { return may_be_cancelled_; }
  void open() { root_->go_on(coroutine_); }

 private:
  bool may_be_cancelled_;
  detail::Root* root_ = nullptr;
  std::coroutine_handle<> coroutine_;
};

template <typename Result>
bool start(Task<Result>& task) {
  static const prefork_api kNone{};
  return task.start(kNone, nullptr);
}

Task<int> give(int value) {
  const Counted here;
  co_return value;
}

Task<int> give_late(Gate& gate, int value) {
  const Counted here;
  co_await gate;
  if (value < 0) {
    throw std::runtime_error("negative");
  }
  co_return value;
}

Task<int> add_up(Gate& gate, int first, int second) {
  const Counted here;
  const int one = co_await give(first);
  const int other = co_await give_late(gate, second);
  co_return one + other;
}

TEST(Coroutines, DoNothingBeforeTheyAreStartedAndFinishAtOnceWithoutAWait) {
  Task<int> task = give(7);
  EXPECT_EQ(coroutines_alive, 0);
  EXPECT_TRUE(start(task));
  EXPECT_EQ(task.take(), 7);
  EXPECT_EQ(coroutines_alive, 0);
}

TEST(Coroutines, GoOnWhereTheyWaited) {
  Gate gate;
  Task<int> task = add_up(gate, 1, 2);
  EXPECT_FALSE(start(task));
  EXPECT_EQ(coroutines_alive, 2);
  int ends = 0;
  task.root().owner = &ends;
  task.root().on_end = [](void* owner) { ++*static_cast<int*>(owner); };
  gate.open();
  EXPECT_EQ(ends, 1);
  EXPECT_TRUE(task.is_done());
  EXPECT_EQ(task.take(), 3);
  EXPECT_EQ(coroutines_alive, 0);
}

TEST(Coroutines, PassOnWhatIsThrown) {
  Gate gate;
  Task<int> task = add_up(gate, 1, -2);
  EXPECT_FALSE(start(task));
  gate.open();
  EXPECT_THROW(task.take(), std::runtime_error);
}

TEST(Coroutines, AreDestroyedWhereTheyWaitWithAllThatTheyWaitFor) {
  Gate gate;
  {
    Task<int> task = add_up(gate, 1, 2);
    EXPECT_FALSE(start(task));
    EXPECT_TRUE(task.root().cancel());
    EXPECT_EQ(coroutines_alive, 2);
  }
  EXPECT_EQ(coroutines_alive, 0);
}

TEST(Coroutines, AreNotResumedWhenTheyWereCancelledInAWaitThatCannotBe) {
  Gate gate(false);
  Task<int> task = add_up(gate, 1, 2);
  EXPECT_FALSE(start(task));
  int ends = 0;
  task.root().owner = &ends;
  task.root().on_end = [](void* owner) { ++*static_cast<int*>(owner); };
  EXPECT_FALSE(task.root().cancel());
  EXPECT_EQ(ends, 0);
  gate.open();
  EXPECT_EQ(ends, 1);
  EXPECT_FALSE(task.is_done());
  EXPECT_EQ(coroutines_alive, 2) << "it is for its owner to destroy it";
}

Task<int> loop_over_many() {
  int sum = 0;
  for (int i = 0; i < 100'000; ++i) {
    sum += co_await give(1);
  }
  co_return sum;
}

TEST(Coroutines, ALoopOverManyThatDoNotWaitNeedsNoStack) {
  Task<int> task = loop_over_many();
  EXPECT_TRUE(start(task));
  EXPECT_EQ(task.take(), 100'000);
}

// What g++ 12 gets right of temporaries in expressions with co_await; see coroutine.hpp for what it
// gets wrong.
Task<std::string> join(std::string left, const std::string& right) { co_return left + right; }

Task<std::string> use_temporaries() {
  const std::string first = co_await join(std::string(50, 'a'), std::string(50, 'b'));
  co_return co_await join("first", first);
}

TEST(Coroutines, TemporariesWithConstructorsLiveAndEndOnce) {
  Task<std::string> task = use_temporaries();
  EXPECT_TRUE(start(task));
  EXPECT_EQ(task.take(), "first" + std::string(50, 'a') + std::string(50, 'b'));
}

}  // namespace
}  // namespace prefork
