#include "server/engine/loop_scheduler.h"

#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <limits>
#include <memory>
#include <system_error>

#include "ipc/base/check.h"

namespace prefork::engine {

using exchange::PoolWork;
using exchange::WorkEnd;

// A function on its way through the pool, which takes it for the job of a request. However it
// leaves the pool, it says so once.
class LoopScheduler::Call : public exchange::Job {
 public:
  Call(LoopScheduler& scheduler, PoolWork work)
      : scheduler_(scheduler),
        run_([run = std::move(work.run)](const http::Request&, http::Response&) { run(); }),
        on_ended_(std::move(work.on_ended)) {
    handler = &run_;
    scheduler_.on_pool_.fetch_add(1);
  }
  ~Call() override { say(WorkEnd::dropped); }
  Call(const Call&) = delete;
  Call& operator=(const Call&) = delete;

  void say(WorkEnd how) {
    if (on_ended_) {
      scheduler_.tell([on_ended = std::exchange(on_ended_, nullptr), how] { on_ended(how); });
      scheduler_.on_pool_.fetch_sub(1);
    }
  }
  // It did not get there, which its owner tells by other means.
  void forget() {
    on_ended_ = nullptr;
    scheduler_.on_pool_.fetch_sub(1);
  }

 private:
  LoopScheduler& scheduler_;
  const exchange::Handler run_;
  std::function<void(WorkEnd)> on_ended_;
};

void LoopScheduler::Calls::deliver(std::unique_ptr<exchange::Job> job) {
  static_cast<Call&>(*job).say(job->was_shed() ? WorkEnd::refused : WorkEnd::done);
}
void LoopScheduler::Calls::deliver_start(const exchange::Job& /*job*/,
                                         std::unique_ptr<http::Response> /*response*/) {}
void LoopScheduler::Calls::wake(exchange::ExchangeToken /*exchange*/) {}

LoopScheduler::LoopScheduler(loop::EventLoop& loop, std::vector<std::string> pools)
    : loop_(loop),
      pools_(std::move(pools)),
      timer_(loop, [this] { fire_due(); }),
      watches_(loop),
      event_(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {
  if (!event_.valid()) {
    throw std::system_error(errno, std::generic_category(), "eventfd");
  }
  loop_.watch(event_.get(), [this] { take_posted(); });
}

// --- from any thread -----------------------------------------------------------------------------

exchange::Scheduler::Posted LoopScheduler::post(Function function) {
  return put(std::move(function), kMaxPosted);
}

void LoopScheduler::tell(Function function) {
  put(std::move(function), std::numeric_limits<std::size_t>::max());
}

// Signals only what comes into an empty queue: behind that the loop is on its way.
exchange::Scheduler::Posted LoopScheduler::put(Function function, std::size_t limit) {
  {
    const std::lock_guard lock(mutex_);
    if (is_over_ || posted_.size() >= limit) {
      return is_over_ ? Posted::over : Posted::full;
    }
    posted_.push_back(std::move(function));
    if (posted_.size() != 1) {
      return Posted::yes;
    }
  }
  const std::uint64_t one = 1;
  PREFORK_CHECK(::write(event_.get(), &one, sizeof one) == sizeof one);
  return Posted::yes;
}

void LoopScheduler::take_posted() {
  std::uint64_t times = 0;
  // Before the rest: what comes after this read wakes the loop again.
  PREFORK_CHECK(::read(event_.get(), &times, sizeof times) == sizeof times);
  run_posted();
}

bool LoopScheduler::run_posted() {
  {
    const std::lock_guard lock(mutex_);
    running_.swap(posted_);
  }
  for (const Function& function : running_) {
    function();
  }
  const bool anything = !running_.empty();
  running_.clear();
  return anything;
}

bool LoopScheduler::has_work() const {
  const std::lock_guard lock(mutex_);
  return !posted_.empty() || on_pool_.load() != 0;
}

void LoopScheduler::settle() {
  while (run_posted()) {
  }
}

void LoopScheduler::end() {
  settle();
  const std::lock_guard lock(mutex_);
  is_over_ = true;
}

// --- times ---------------------------------------------------------------------------------------

exchange::Scheduler::TimerId LoopScheduler::start_timer(std::uint64_t delay_ns, Function function) {
  const std::uint64_t now_ns = loop_.clock().now_ns();
  const std::uint64_t due_ns = delay_ns < ipc::kNever - now_ns ? now_ns + delay_ns : ipc::kNever;
  timers_.emplace(TimerKey{due_ns, ++last_timer_}, std::move(function));
  due_ns_.emplace(last_timer_, due_ns);
  arm();
  return last_timer_;
}

void LoopScheduler::cancel_timer(TimerId id) {
  if (const auto found = due_ns_.find(id); found != due_ns_.end()) {
    timers_.erase({found->second, id});
    due_ns_.erase(found);
    arm();
  }
}

void LoopScheduler::arm() {
  const std::uint64_t due_ns = timers_.empty() ? ipc::kNever : timers_.begin()->first.first;
  if (due_ns != timer_.due_ns()) {
    timer_.arm(due_ns);
  }
}

// Those that one of them starts for now have the next turn.
void LoopScheduler::fire_due() {
  const TimerId last = last_timer_;
  const std::uint64_t now_ns = loop_.now_ns();
  for (auto first = timers_.begin();
       first != timers_.end() && first->first.first <= now_ns && first->first.second <= last;
       first = timers_.begin()) {
    const Function function = std::move(first->second);
    due_ns_.erase(first->first.second);
    timers_.erase(first);
    function();
  }
  arm();
}

exchange::Scheduler::WatchId LoopScheduler::watch(int fd, bool for_writing, Function function) {
  return watches_.add(fd, for_writing, std::move(function));
}

// --- the pool ------------------------------------------------------------------------------------

bool LoopScheduler::submit(PoolWork work) {
  if (executor_ == nullptr) {
    return false;
  }
  exchange::JobProfile& profile = profile_of(work.pool, work.priority);
  auto call = std::make_unique<Call>(*this, std::move(work));
  call->profile = &profile;
  call->sink = &calls_;
  call->queued_ns = loop_.now_ns();
  Call& submitted = *call;
  std::unique_ptr<exchange::Job> job = std::move(call);
  if (!executor_->submit(job)) {
    submitted.forget();
    return false;
  }
  executor_->start_submitted();
  return true;
}

exchange::JobProfile& LoopScheduler::profile_of(std::string_view pool,
                                                exchange::Priority priority) {
  const auto found = std::find(pools_.begin(), pools_.end(), pool);
  const auto index =
      found == pools_.end() ? 0U : static_cast<std::uint32_t>(found - pools_.begin());
  exchange::JobProfile& profile =
      profiles_.try_emplace({index, priority}, std::string(pool), priority).first->second;
  profile.set_class_index(index);
  return profile;
}

}  // namespace prefork::engine
