#include "tests/model/explorer.h"

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <utility>

namespace prefork::model {

namespace {

constexpr std::size_t kMostSteps = 20'000;     // of one run
constexpr std::uint32_t kMostSameReads = 200;  // before it is another one's turn
constexpr int kMostTimeouts = 200;
constexpr std::uint64_t kStartNs = 1'000'000'000;

struct Failed {
  std::string problem;
};

}  // namespace

Report Explorer::explore(const Bounds& bounds, const std::function<void(Explorer&)>& prepare) {
  Explorer explorer;
  explorer.bounds_ = bounds;
  exploring_ = &explorer;
  do {
    explorer.run(prepare);
  } while (explorer.report_.problem.empty() && explorer.take_next_path());
  exploring_ = nullptr;
  return explorer.report_;
}

void Explorer::add(Body body, bool may_be_killed, bool may_sleep_for_good) {
  if (count_ == threads_.size()) {
    threads_.push_back(std::make_unique<Thread>());
  }
  Thread& thread = *threads_[count_];
  thread.body = std::move(body);
  thread.may_be_killed = may_be_killed;
  thread.may_sleep_for_good = may_sleep_for_good;
  thread.state = State::runnable;
  thread.read_word = nullptr;
  ::getcontext(&thread.context);
  thread.context.uc_stack.ss_sp = thread.stack.get();
  thread.context.uc_stack.ss_size = kStackBytes;
  thread.context.uc_link = nullptr;
  ::makecontext(&thread.context, reinterpret_cast<void (*)()>(&Explorer::enter), 1,
                static_cast<unsigned>(count_));
  ++count_;
}

void Explorer::run(const std::function<void(Explorer&)>& prepare) {
  ++report_.runs;
  depth_ = 0;
  count_ = 0;
  current_ = kNobody;
  preemptions_ = bounds_.preemptions;
  kills_ = bounds_.kills;
  timeouts_ = 0;
  now_ns_ = kStartNs;
  steps_.clear();
  at_end_ = nullptr;
  prepare(*this);
  current_ = choose(count_);
  ::swapcontext(&home_, &threads_[current_]->context);
  current_ = kNobody;
  if (report_.problem.empty() && at_end_) {
    try {
      at_end_();
    } catch (const Failed& failed) {
      fail(failed.problem);
    }
  }
}

// False: all were taken.
bool Explorer::take_next_path() {
  while (!path_.empty() && path_.back().chosen + 1 == path_.back().count) {
    path_.pop_back();
  }
  if (path_.empty()) {
    return false;
  }
  ++path_.back().chosen;
  return true;
}

void Explorer::enter(unsigned index) {
  Explorer& explorer = *exploring_;
  Thread& self = *explorer.threads_[index];
  try {
    self.body();
  } catch (const Failed& failed) {
    explorer.fail(failed.problem);
    explorer.leave_run();
  }
  self.state = State::ended;
  explorer.pass_on();
  std::abort();  // nobody resumes it
}

void Explorer::leave_run() {
  ::setcontext(&home_);
  std::abort();
}

std::uint32_t Explorer::choose(std::size_t count) {
  if (count == 1) {
    return 0;
  }
  if (depth_ == path_.size()) {
    path_.push_back({0, static_cast<std::uint32_t>(count)});
  }
  const Choice& choice = path_[depth_++];
  if (choice.count != count) {
    std::abort();  // the same choices have led elsewhere: something is not explored but by chance
  }
  return choice.chosen;
}

void Explorer::step(char what, const void* word) {
  Thread& self = *threads_[current_];
  steps_.push_back({current_, what, word});
  if (steps_.size() > kMostSteps) {
    fail("it does not end");
    leave_run();
  }
  const bool may_be_killed = self.may_be_killed && kills_ > 0;
  const std::size_t preempters = preemptions_ > 0 ? find_others(can_be_late()).size() : 0;
  const std::uint32_t chosen = choose(1 + preempters + (may_be_killed ? 1U : 0U));
  if (chosen == 0) {
    return;
  }
  if (chosen > preempters) {
    return kill_current();
  }
  --preemptions_;
  steps_.pop_back();  // it is taken later
  resume(found_[chosen - 1]);
  steps_.push_back({current_, what, word});
  // Meanwhile the others may have done something that makes it matter.
  if (self.may_be_killed && kills_ > 0 && choose(2) == 1) {
    kill_current();
  }
}

void Explorer::kill_current() {
  --kills_;
  ++report_.kills;
  steps_.back().what = 'k';
  threads_[current_]->state = State::killed;
  pass_on();
}

void Explorer::resume(std::size_t next) {
  Thread& before = *threads_[std::exchange(current_, next)];
  if (threads_[next]->state == State::asleep) {
    wake_by_time(*threads_[next]);
  }
  ::swapcontext(&before.context, &threads_[next]->context);
}

void Explorer::wake_by_time(Thread& thread) {
  now_ns_ = std::max(now_ns_, thread.until_ns);
  thread.timed_out = true;
  thread.state = State::runnable;
}

// From one that cannot go on.
void Explorer::pass_on() {
  if (find_others(false).empty()) {
    let_time_pass();
  }
  resume(found_[choose(found_.size())]);
}

// Afterwards some have been found that can go on, or the run is over.
void Explorer::let_time_pass() {
  bool is_over = true;
  found_.clear();
  for (std::size_t i = 0; i < count_; ++i) {
    const Thread& thread = *threads_[i];
    if (thread.state == State::asleep) {
      is_over = is_over && thread.may_sleep_for_good;
      if (thread.until_ns != 0 && !found_.empty() &&
          thread.until_ns < threads_[found_.front()]->until_ns) {
        found_.clear();
      }
      if (thread.until_ns != 0 &&
          (found_.empty() || thread.until_ns == threads_[found_.front()]->until_ns)) {
        found_.push_back(i);
      }
    }
  }
  if (is_over) {
    leave_run();
  }
  if (!can_be_late() || found_.empty() || ++timeouts_ > kMostTimeouts) {
    fail(timeouts_ > kMostTimeouts ? "they wait for each other"
                                   : "somebody sleeps whom nobody will wake");
    leave_run();
  }
}

std::vector<std::size_t>& Explorer::find_others(bool also_late) {
  found_.clear();
  for (std::size_t i = 0; i < count_; ++i) {
    const Thread& thread = *threads_[i];
    if (i != current_ && (thread.state == State::runnable ||
                          (also_late && thread.state == State::asleep && thread.until_ns != 0))) {
      found_.push_back(i);
    }
  }
  return found_;
}

void Explorer::fail(const std::string& problem) {
  report_.problem = problem + "; steps: " + schedule();
}

// "1: c0 r1; 2: r0 s3 k3": the first thread changes one word and reads another; the second reads,
// sleeps, and is killed.
std::string Explorer::schedule() const {
  std::string text;
  std::vector<const void*> words;
  std::size_t thread = kNobody;
  for (const Step& step : steps_) {
    if (step.thread != thread) {
      thread = step.thread;
      text += (text.empty() ? "" : "; ") + std::to_string(thread + 1) + ":";
    }
    auto word = std::find(words.begin(), words.end(), step.word);
    if (word == words.end()) {
      word = words.insert(words.end(), step.word);
    }
    text += std::string(" ") + step.what + std::to_string(word - words.begin());
  }
  return text;
}

// --- for the code that is explored
// -----------------------------------------------------------------

void Explorer::require(bool is_so, const char* otherwise) {
  if (!is_so) {
    throw Failed{otherwise};
  }
}

std::uint32_t Explorer::current_process() {
  return exploring_ != nullptr && exploring_->current_ != kNobody
             ? static_cast<std::uint32_t>(exploring_->current_) + 1
             : 0;
}

bool Explorer::is_alive(std::uint32_t process) {
  before('l', nullptr);
  return !was_killed(process);
}

bool Explorer::was_killed(std::uint32_t process) {
  return process != 0 && exploring_->threads_[process - 1]->state == State::killed;
}

void Explorer::before_read(const void* word, std::uint64_t value) {
  if (current_process() == 0) {
    return;
  }
  Thread& self = *exploring_->threads_[exploring_->current_];
  // To read again what has not changed is no step: nothing depends on when it was.
  if (word != self.read_word || value != self.read_value) {
    self.same_reads = 0;
    exploring_->step('r', word);
    self.read_word = nullptr;
  } else if (++self.same_reads > kMostSameReads) {
    self.same_reads = 0;
    if (!exploring_->find_others(false).empty()) {
      exploring_->pass_on();
    }
  }
  self.read_word = word;
  self.read_value = value;
}

void Explorer::before_change(const void* word) { before('c', word); }

void Explorer::before(char what, const void* word) {
  if (current_process() != 0) {
    exploring_->step(what, word);
    exploring_->threads_[exploring_->current_]->read_word = nullptr;
  }
}

std::uint64_t Explorer::now_ns() { return exploring_ != nullptr ? exploring_->now_ns_ : kStartNs; }

long Explorer::wait(const void* word, std::uint32_t expected, std::uint64_t for_ns) {
  before('s', word);
  if (*static_cast<const std::uint32_t*>(word) != expected) {
    errno = EAGAIN;
    return -1;
  }
  if (current_process() == 0) {
    exploring_->now_ns_ += for_ns;
    errno = ETIMEDOUT;
    return -1;
  }
  Thread& self = *exploring_->threads_[exploring_->current_];
  self.state = State::asleep;
  self.fell_asleep = ++exploring_->fallen_asleep_;
  self.word = word;
  self.until_ns = for_ns != 0 ? exploring_->now_ns_ + for_ns : 0;
  self.timed_out = false;
  exploring_->pass_on();
  if (self.timed_out) {
    errno = ETIMEDOUT;
    return -1;
  }
  return 0;
}

long Explorer::wake(const void* word, std::uint64_t count) {
  before('w', word);
  long woken = 0;
  for (; count > 0; --count, ++woken) {
    Thread* first = nullptr;
    for (std::size_t i = 0; i < exploring_->count_; ++i) {
      Thread& thread = *exploring_->threads_[i];
      if (thread.state == State::asleep && thread.word == word &&
          (first == nullptr || thread.fell_asleep < first->fell_asleep)) {
        first = &thread;
      }
    }
    if (first == nullptr) {
      break;
    }
    first->state = State::runnable;
  }
  return woken;
}

}  // namespace prefork::model
