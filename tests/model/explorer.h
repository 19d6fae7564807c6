// Tries the orders in which logical threads may take their steps: all of them, but for a bound on
// how often a thread that could go on is preempted. A step is one access to an atomic word or one
// look at another process; before each, a process may also be killed. The threads are contexts
// (makecontext(3)) of the one real thread, so every run of the same choices is the same run, and
// what was found is found again.
//
// Depth first: a run follows the choices of the last one up to the last of them that has an
// alternative, and takes that. Who sleeps (futex(2)) wakes up by time only when somebody was
// killed: to be woken late, or not at all, is a fault where nobody was. Those whose time is up
// first then come first, unless another one is preempted by one whose time is up.
//
// One Explorer at a time. Unless said otherwise, what is static is for the code that is explored,
// and does nothing outside of a run.
#pragma once

#include <ucontext.h>

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace prefork::model {

struct Bounds {
  int preemptions = 2;  // in one run
  int kills = 0;
  bool time_passes = false;  // for those who sleep, although nobody was killed
};

struct Report {
  std::uint64_t runs = 0;
  std::uint64_t kills = 0;
  // What went wrong in the last run, and who took its steps; empty: nothing did in any of them.
  std::string problem;
};

class Explorer {
 public:
  using Body = std::function<void()>;

  // `prepare` is called before each run: it makes what the threads share and adds them.
  static Report explore(const Bounds& bounds, const std::function<void(Explorer&)>& prepare);

  // To be called by `prepare`. A process has one thread, and may be killed.
  void add_process(Body body) { add(std::move(body), true, false); }
  void add_thread(Body body) { add(std::move(body), false, false); }
  // One that may sleep for good when all others are done.
  void add_idle_thread(Body body) { add(std::move(body), false, true); }
  // Called when all threads have ended or were killed; a process of its own, which nobody kills.
  void at_end(Body body) { at_end_ = std::move(body); }

  // Ends the run, and all, when something is not as it must be.
  static void require(bool is_so, const char* otherwise);
  static std::uint32_t current_process();  // 0: none of those that were added
  static bool is_alive(std::uint32_t process);
  // For what is required: no step.
  static bool was_killed(std::uint32_t process);

  static void before_read(const void* word, std::uint64_t value);
  static void before_change(const void* word);
  static std::uint64_t now_ns();
  // As futex(2) does it. `for_ns` 0: without an end.
  static long wait(const void* word, std::uint32_t expected, std::uint64_t for_ns);
  // Who has slept longest comes first, as in Linux among threads of one priority.
  static long wake(const void* word, std::uint64_t count);
  [[nodiscard]] static bool is_exploring() { return exploring_ != nullptr; }

 private:
  static constexpr std::size_t kStackBytes = std::size_t{64} << 10;
  static constexpr std::size_t kNobody = ~std::size_t{0};

  enum class State : std::uint8_t { runnable, asleep, ended, killed };
  struct Thread {
    ucontext_t context{};
    std::unique_ptr<std::byte[]> stack = std::make_unique<std::byte[]>(kStackBytes);
    Body body;
    bool may_be_killed = false;
    bool may_sleep_for_good = false;
    State state = State::runnable;
    const void* word = nullptr;     // it sleeps at
    std::uint64_t until_ns = 0;     // 0: without an end
    std::uint64_t fell_asleep = 0;  // as the how manyth
    bool timed_out = false;
    // Its last step, if that was a read.
    const void* read_word = nullptr;
    std::uint64_t read_value = 0;
    std::uint32_t same_reads = 0;
  };
  // One that was taken, or at which its thread was killed.
  struct Step {
    std::size_t thread;
    // 'r' read, 'c' change, 'l' look whether somebody lives, 's' sleep, 'w' wake, 'k' killed
    char what;
    const void* word;
  };
  struct Choice {
    std::uint32_t chosen;
    std::uint32_t count;
  };

  void add(Body body, bool may_be_killed, bool may_sleep_for_good);
  void run(const std::function<void(Explorer&)>& prepare);
  bool take_next_path();
  static void enter(unsigned index);
  [[noreturn]] void leave_run();

  std::uint32_t choose(std::size_t count);
  static void before(char what, const void* word);
  void step(char what, const void* word);
  void kill_current();
  void resume(std::size_t next);
  void pass_on();
  void let_time_pass();
  [[nodiscard]] bool can_be_late() const { return bounds_.time_passes || kills_ < bounds_.kills; }
  // But for the current one. Valid until the next call.
  std::vector<std::size_t>& find_others(bool also_late);
  void wake_by_time(Thread& thread);
  void fail(const std::string& problem);
  [[nodiscard]] std::string schedule() const;

  static inline Explorer* exploring_ = nullptr;

  Bounds bounds_;
  Report report_;
  std::vector<Choice> path_;
  std::size_t depth_ = 0;
  ucontext_t home_{};
  std::vector<std::unique_ptr<Thread>> threads_;  // kept from run to run for their stacks
  std::size_t count_ = 0;
  std::size_t current_ = kNobody;
  Body at_end_;
  int preemptions_ = 0;
  int kills_ = 0;
  int timeouts_ = 0;
  std::uint64_t now_ns_ = 0;
  std::uint64_t fallen_asleep_ = 0;
  std::vector<Step> steps_;
  std::vector<std::size_t> found_;
};

}  // namespace prefork::model
