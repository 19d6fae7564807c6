// Processes that end by what they did, and what they have noted of it.
#include "workers/child/crash_handlers.h"

#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <cstdlib>
#include <new>
#include <thread>

#include "ipc/base/alternate_stack.h"
#include "ipc/base/shared_memory.h"

namespace prefork::child {
namespace {

// Where a sanitizer would report what is done on purpose.
#define PREFORK_UNWATCHED \
  __attribute__((noinline, no_sanitize_address, no_sanitize_undefined, no_sanitize_thread))

constexpr std::uint64_t kNowhere = 16;

PREFORK_UNWATCHED int crash_by_reading() {
  const volatile int* volatile nowhere = reinterpret_cast<int*>(kNowhere);
  return *nowhere + 1;
}

PREFORK_UNWATCHED int crash_by_calling(int (*function)()) { return function() + 1; }

PREFORK_UNWATCHED int crash_by_recursion(volatile int* above) {
  volatile int room[1024] = {};
  room[0] = *above + 1;
  return room[0] < 0 ? 0 : crash_by_recursion(room) + room[0];
}

// A crash of a process of its own.
struct Death {
  int signal = 0;
  std::optional<ipc::Crash> noted;
};

class ProcessWithHandlers {
 public:
  template <typename Act>
  static Death run(Act act) {
    const ProcessWithHandlers process;
    const pid_t pid = ::fork();
    if (pid == 0) {
      // A sanitizer has its own.
      for (const int signal : {SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGABRT, SIGSYS}) {
        std::signal(signal, SIG_DFL);
      }
      const ipc::AlternateStack stack;
      note_crashes_in(*process.box_);
      act();
      ::_exit(0);
    }
    int status = 0;
    ::waitpid(pid, &status, 0);
    return {WIFSIGNALED(status) ? WTERMSIG(status) : 0, process.box_->get()};
  }

 private:
  ProcessWithHandlers()
      : memory_(ipc::make_shared_memory("crash", sizeof(ipc::CrashBox), "a box")),
        box_(new (ipc::map_shared_memory(memory_, sizeof(ipc::CrashBox), "a box")) ipc::CrashBox) {}

  ipc::OwnedFd memory_;
  ipc::CrashBox* box_;
};

// One of its first frames lies shortly behind the function's start.
template <typename Function>
bool was_in(const ipc::Crash& crash, Function* function) {
  const auto start = reinterpret_cast<std::uint64_t>(function);
  for (const std::uint64_t address : crash.stack) {
    if (address > start && address < start + 200) {
      return true;
    }
  }
  return false;
}

TEST(AProcessThatCrashes, NotesTheSignalTheAddressTheThreadAndItsStack) {
  const Death death = ProcessWithHandlers::run([] { crash_by_reading(); });
  EXPECT_EQ(death.signal, SIGSEGV);
  ASSERT_TRUE(death.noted);
  EXPECT_EQ(death.noted->signal, SIGSEGV);
  EXPECT_EQ(death.noted->address, kNowhere);
  EXPECT_NE(death.noted->thread, 0);
  EXPECT_FALSE(death.noted->thread_name.empty());
  EXPECT_TRUE(death.noted->is_complete);
  ASSERT_FALSE(death.noted->stack.empty());
  const auto start = reinterpret_cast<std::uint64_t>(&crash_by_reading);
  EXPECT_GE(death.noted->stack.front(), start) << "the handler's own frames are left out";
  EXPECT_LT(death.noted->stack.front(), start + 200);
}

TEST(AProcessThatCrashes, EndsByAbortAsItWouldHave) {
  const Death death = ProcessWithHandlers::run([] { std::abort(); });
  EXPECT_EQ(death.signal, SIGABRT);
  ASSERT_TRUE(death.noted);
  EXPECT_EQ(death.noted->signal, SIGABRT);
  EXPECT_FALSE(death.noted->stack.empty());
}

TEST(AProcessThatCrashes, EndsByASignalThatSomebodyHasSent) {
  const Death death = ProcessWithHandlers::run([] {
    ::kill(::getpid(), SIGFPE);
    ::pause();
  });
  EXPECT_EQ(death.signal, SIGFPE);
  ASSERT_TRUE(death.noted);
  EXPECT_EQ(death.noted->code, SI_USER);
}

TEST(AProcessThatCrashes, NamesWhoCalledWhereNoCodeIs) {
  const Death nowhere = ProcessWithHandlers::run([] { crash_by_calling(nullptr); });
  ASSERT_TRUE(nowhere.noted);
  EXPECT_TRUE(was_in(*nowhere.noted, &crash_by_calling));
  const Death garbage = ProcessWithHandlers::run(
      [] { crash_by_calling(reinterpret_cast<int (*)()>(std::uintptr_t{0x5'0000'0000})); });
  EXPECT_EQ(garbage.signal, SIGSEGV);
  ASSERT_TRUE(garbage.noted);
  EXPECT_TRUE(was_in(*garbage.noted, &crash_by_calling));
}

#if !defined(PREFORK_SANITIZE_BUILD)
TEST(AThreadWhoseStackIsFull, CanStillSaySo) {
  const Death death = ProcessWithHandlers::run([] {
    std::thread([] {
      const ipc::AlternateStack stack;
      volatile int start = 0;
      crash_by_recursion(&start);
    }).join();
  });
  EXPECT_EQ(death.signal, SIGSEGV);
  ASSERT_TRUE(death.noted);
  EXPECT_EQ(death.noted->stack.size(), ipc::CallStack::kMaxFrames);
  EXPECT_TRUE(was_in(*death.noted, &crash_by_recursion));
}
#endif

TEST(AHandlerOfTheApplication, Stays) {
  const Death death = ProcessWithHandlers::run([] {
    std::signal(SIGFPE, [](int) { ::_exit(3); });
    std::signal(SIGSEGV, SIG_DFL);
    set_crash_handlers_again();
    ::raise(SIGFPE);
  });
  EXPECT_EQ(death.signal, 0);
  EXPECT_FALSE(death.noted);
  const Death other = ProcessWithHandlers::run([] {
    std::signal(SIGSEGV, SIG_DFL);
    set_crash_handlers_again();
    ::raise(SIGSEGV);
  });
  EXPECT_TRUE(other.noted) << "what has no handler gets one again";
}

TEST(AProcessThatTheApplicationForked, NotesNothing) {
  const Death death = ProcessWithHandlers::run([] {
    const pid_t pid = ::fork();
    if (pid == 0) {
      std::abort();
    }
    int status = 0;
    ::waitpid(pid, &status, 0);
    ::_exit(WTERMSIG(status) == SIGABRT ? 0 : 1);
  });
  EXPECT_EQ(death.signal, 0);
  EXPECT_FALSE(death.noted);
}

}  // namespace
}  // namespace prefork::child
