#include "workers/master/excuses.h"

#include <gtest/gtest.h>
#include <unistd.h>

namespace prefork::master {
namespace {

using namespace std::chrono_literals;

constexpr ipc::Place kExcused{0, 0};
constexpr supervision::Pid kPid = 300;
constexpr supervision::TimePoint kBegin{1000s};

// One worker, which is ready and then silent; what /proc says of it is made up.
class ExcusesTest : public ::testing::Test {
 protected:
  static supervision::Settings settings() {
    supervision::Settings settings;
    settings.healthcheck_timeout = 4s;
    settings.observer = false;
    return settings;
  }

  ExcusesTest() {
    supervisor_.on(supervision::event::Started{}, kBegin);
    supervisor_.on(supervision::event::Forked{kExcused, kPid}, kBegin);
    supervisor_.on(supervision::event::Ready{kExcused, supervisor_.seat(kExcused).epoch}, kBegin);
  }

  std::vector<Excuses::Found> find_after(supervision::Duration silence) {
    return excuses_.find(supervisor_, kBegin + silence);
  }
  // What it is excused for, of the second after the first half of its time.
  supervision::Duration excused_then() {
    EXPECT_TRUE(find_after(2s).empty()) << "nothing is known yet";
    change_();
    const auto found = find_after(3s);
    return found.empty() ? 0s : found.front().excused.time;
  }

  supervision::Supervisor supervisor_{settings()};
  ProcessLook look_{'S', 0, false, 5'000'000'000, 7'000'000'000};
  std::function<void()> change_ = [] {};
  int looks_ = 0;
  Excuses excuses_{[this](supervision::Pid pid) {
    EXPECT_EQ(pid, kPid);
    ++looks_;
    return look_;
  }};
};

TEST_F(ExcusesTest, AProcessThatIsWellIsNotLookedAt) {
  EXPECT_TRUE(find_after(1s).empty());
  EXPECT_EQ(looks_, 0);
}

TEST_F(ExcusesTest, WhoSleepsForEverHasNone) { EXPECT_EQ(excused_then(), 0s); }

TEST_F(ExcusesTest, WhoRunsForEverHasNone) {
  look_.state = 'R';
  change_ = [this] { look_.ran_ns += 1'000'000'000; };
  EXPECT_EQ(excused_then(), 0s);
}

TEST_F(ExcusesTest, WhoWantsToRunAndDoesNotHasOne) {
  look_.state = 'R';
  change_ = [this] { look_.ran_ns += 100'000'000; };
  EXPECT_EQ(excused_then(), 900ms);
}

TEST_F(ExcusesTest, WhoHasWaitedForAProcessorHasOne) {
  change_ = [this] { look_.waited_ns += 300'000'000; };
  EXPECT_EQ(excused_then(), 300ms);
}

TEST_F(ExcusesTest, NeverForMoreThanHasPassed) {
  change_ = [this] { look_.waited_ns += 30'000'000'000; };
  EXPECT_EQ(excused_then(), 1s);
}

TEST_F(ExcusesTest, ADebuggerIsOneAndIsToldOnce) {
  look_.state = 't';
  look_.tracer = 77;
  const auto first = find_after(2s);
  ASSERT_EQ(first.size(), 1U);
  EXPECT_EQ(first[0].new_tracer, std::optional<supervision::Pid>(77));
  const auto second = find_after(3s);
  ASSERT_EQ(second.size(), 1U);
  EXPECT_EQ(second[0].excused.time, 1s);
  EXPECT_EQ(second[0].new_tracer, std::nullopt);
}

TEST_F(ExcusesTest, ACoreThatIsBeingWrittenIsOne) {
  change_ = [this] { look_.is_dumping_core = true; };
  EXPECT_EQ(excused_then(), 1s);
}

TEST(ProcessLook, ReadsThisProcess) {
  const ProcessLook look = look_at_process(::getpid());
  EXPECT_EQ(look.state, 'R');
  EXPECT_FALSE(look.is_dumping_core);
}

TEST(ProcessLook, OfNobodySaysNothing) {
  const ProcessLook look = look_at_process(-5);
  EXPECT_EQ(look.state, '?');
  EXPECT_EQ(look.tracer, 0);
  EXPECT_EQ(look.ran_ns, 0U);
}

}  // namespace
}  // namespace prefork::master
