#include "server/native/task_client.h"

#include <algorithm>
#include <chrono>
#include <utility>

#include "ipc/base/monotonic.h"
#include "ipc/tasks/task_crash.h"

namespace prefork::native {

namespace {

using ipc::JobEnd;
using Phase = ipc::JobWork::Phase;

// Nobody relies on being woken: who was to do it may have died.
constexpr std::uint64_t kLongestSleepNs = 50'000'000;
constexpr std::uint64_t kIdleSleepNs = 1'000'000'000;

std::string of_task(const std::string& name) { return "task '" + name + "' "; }

std::string poisoned(const std::string& name) {
  return of_task(name) + "has ended " + std::to_string(ipc::PoisonList::kMaxDeaths) +
         " processes within a minute and is not run any more; a reload lets it run again";
}

}  // namespace

TaskClient::TaskClient(const Place& place, Report report)
    : place_(place), report_(std::move(report)), jobs_(place.board), thread_([this] { run(); }) {}

TaskClient::~TaskClient() { stop(); }

void TaskClient::stop() {
  if (!thread_.joinable()) {
    return;
  }
  {
    const std::lock_guard lock(mutex_);
    is_stopping_ = true;
  }
  place_.board.channel(place_.channel)->wake_all();
  thread_.join();
  Ended ended;
  {
    const std::lock_guard lock(mutex_);
    for (Pending& pending : pending_) {
      if (pending.outlives_worker && !has_reader(pending)) {
        continue;
      }
      if (!pending.outlives_worker && jobs_.withdraw(pending.job)) {
        jobs_.free(pending.job);
      }
      end(pending, {JobEnd::dropped, "the worker stops"}, ended);
    }
    pending_.clear();
  }
  call_back(ended);
}

std::string TaskClient::find_obstacle(const Order& order) const {
  const std::size_t most = place_.board.shape().bytes;
  if (order.argument.size() > most) {
    return "its argument has " + std::to_string(order.argument.size()) + " bytes, and at most " +
           std::to_string(most) + " are taken (--limit-task)";
  }
  return place_.board.poison().has(order.task, place_.generation)
             ? poisoned(std::string(order.task))
             : "";
}

std::shared_ptr<SubmittedTask> TaskClient::submit(Order order) {
  auto task = std::make_shared<SubmittedTask>();
  task->done = std::move(order.done);
  std::string obstacle = find_obstacle(order);
  if (obstacle.empty()) {
    obstacle = enqueue(order, task);
  }
  if (!obstacle.empty()) {
    task->outcome = {JobEnd::refused, std::move(obstacle)};
    call_back({task});
  }
  return task;
}

// Its argument is copied while nobody waits for the mutex.
std::string TaskClient::enqueue(const Order& order, const std::shared_ptr<SubmittedTask>& task) {
  const std::uint64_t timeout_ns = order.timeout_ns != 0 ? order.timeout_ns : place_.timeout_ns;
  const std::uint64_t deadline_ns = ipc::deadline_after(timeout_ns);
  const auto job =
      jobs_.submit({order.task, std::as_bytes(std::span(order.argument)), deadline_ns,
                    order.priority, place_.generation, place_.channel, order.outlives_worker});
  if (!job) {
    return "all " + std::to_string(place_.board.shape().jobs) +
           " jobs that there is room for wait or run (--limit-task-queue)";
  }
  {
    const std::lock_guard lock(mutex_);
    if (is_stopping_) {
      if (jobs_.withdraw(*job)) {
        jobs_.free(*job);
      }
      return "the worker stops";
    }
    pending_.push_back({*job, std::string(order.task), deadline_ns, order.retries,
                        order.outlives_worker, 0, task});
  }
  // The thread may have been woken for it before it knew of it, and may sleep for longer.
  if (timeout_ns < kIdleSleepNs || jobs_.look(*job).is(Phase::finished)) {
    place_.board.channel(place_.channel)->wake_one();
  }
  return "";
}

bool TaskClient::wait(SubmittedTask& task, std::uint64_t timeout_ns) {
  std::unique_lock lock(mutex_);
  const auto has_ended = [&task] { return task.outcome.end != JobEnd::none; };
  constexpr std::uint64_t kForEver = 1'000'000'000'000'000'000;
  if (timeout_ns >= kForEver) {
    task.has_ended.wait(lock, has_ended);
    return true;
  }
  return task.has_ended.wait_for(
      lock, std::chrono::nanoseconds(static_cast<std::int64_t>(timeout_ns)), has_ended);
}

TaskOutcome TaskClient::outcome(const SubmittedTask& task) {
  const std::lock_guard lock(mutex_);
  return task.outcome;
}

void TaskClient::cancel(SubmittedTask& task) {
  Ended ended;
  {
    const std::lock_guard lock(mutex_);
    const auto found = std::find_if(pending_.begin(), pending_.end(), [&task](const Pending& one) {
      return one.task.get() == &task;
    });
    if (found == pending_.end() || task.outcome.end != JobEnd::none) {
      return;
    }
    end(*found, {JobEnd::cancelled, "it was cancelled"}, ended);
    if (jobs_.withdraw(found->job)) {
      jobs_.free(found->job);
      pending_.erase(found);
    }
  }
  call_back(ended);
}

bool TaskClient::has_reader(const Pending& pending) {
  return pending.task->done || pending.task.use_count() > 1;
}

void TaskClient::end(Pending& pending, TaskOutcome outcome, Ended& ended) {
  SubmittedTask& task = *pending.task;
  if (task.outcome.end != JobEnd::none) {
    return;
  }
  if (!has_reader(pending) && outcome.end != JobEnd::done) {
    report_(config::LogLevel::warning,
            of_task(pending.name) + "that nobody waits for did not get done: " + outcome.bytes);
  }
  task.outcome = std::move(outcome);
  task.has_ended.notify_all();
  ended.push_back(pending.task);
}

// What it throws is the application's fault against the rules of the interface.
void TaskClient::call_back(const Ended& ended) {
  for (const std::shared_ptr<SubmittedTask>& task : ended) {
    if (task->done) {
      std::exchange(task->done, nullptr)(task->outcome);
    }
  }
}

void TaskClient::run() {
  ipc::WaitPoint& channel = *place_.board.channel(place_.channel);
  bool asks_who_lives = false;
  bool was_woken = false;
  for (;;) {
    const std::uint32_t announced = channel.announce();
    Ended ended;
    std::uint64_t sleep_ns = 0;
    bool got_some = false;
    {
      const std::lock_guard lock(mutex_);
      if (is_stopping_) {
        return;
      }
      got_some = collect(asks_who_lives, ended);
      sleep_ns = time_to_sleep(ipc::monotonic_ns());
    }
    call_back(ended);
    if (got_some || was_woken) {
      // Who was woken and found nothing was woken because a process has ended.
      asks_who_lives = !got_some;
      was_woken = false;
      continue;
    }
    was_woken = channel.sleep(announced, sleep_ns);
    asks_who_lives = !was_woken;
  }
}

std::uint64_t TaskClient::time_to_sleep(std::uint64_t now_ns) const {
  if (pending_.empty()) {
    return kIdleSleepNs;
  }
  std::uint64_t sleep_ns = kLongestSleepNs;
  for (const Pending& pending : pending_) {
    if (pending.task->outcome.end == JobEnd::none) {
      const std::uint64_t left = pending.deadline_ns > now_ns ? pending.deadline_ns - now_ns : 1;
      sleep_ns = std::min(sleep_ns, left);
    }
  }
  return sleep_ns;
}

bool TaskClient::collect(bool asks_who_lives, Ended& ended) {
  const std::uint64_t now_ns = ipc::monotonic_ns();
  const std::size_t before = pending_.size();
  pending_.remove_if(
      [&](Pending& pending) { return settle(pending, asks_who_lives, now_ns, ended); });
  return pending_.size() != before || !ended.empty();
}

bool TaskClient::settle(Pending& pending, bool asks_who_lives, std::uint64_t now_ns, Ended& ended) {
  const ipc::JobWork work = jobs_.look(pending.job);
  if (work.is(Phase::finished)) {
    ipc::JobTable::Result result = jobs_.result(pending.job);
    jobs_.free(pending.job);
    if (result.end == JobEnd::dropped) {
      result.bytes = "it was not begun: the server stops";
    } else if (result.end == JobEnd::timed_out) {
      result.bytes = "no process was free for it within its time";
    }
    end(pending, {result.end, std::move(result.bytes)}, ended);
    return true;
  }
  if (now_ns >= pending.deadline_ns && work.is(Phase::queued) && jobs_.withdraw(pending.job)) {
    jobs_.free(pending.job);
    end(pending, {JobEnd::timed_out, "no process was free for it within its time"}, ended);
    return true;
  }
  if (work.is(Phase::running) && asks_who_lives && !work.runner().is_alive() &&
      settle_running(pending, work.runner(), now_ns, ended)) {
    return true;
  }
  if (now_ns >= pending.deadline_ns && work.is(Phase::running)) {
    // Its process ends; see workers/task. Until then the job is not ours.
    end(pending, {JobEnd::timed_out, "it ran until its deadline"}, ended);
  }
  return false;
}

// Of one whose process is dead. How that ended is known once the master has reaped it.
bool TaskClient::settle_running(Pending& pending, ipc::ProcessKey runner, std::uint64_t now_ns,
                                Ended& ended) {
  if (pending.dead_since_ns == 0) {
    pending.dead_since_ns = now_ns;
  }
  if (!place_.board.exit_of(runner) && now_ns < pending.dead_since_ns + ipc::kExitPatienceNs) {
    return false;
  }
  if (now_ns >= pending.deadline_ns) {
    jobs_.bury(pending.job, runner);
    jobs_.free(pending.job);
    end(pending, {JobEnd::timed_out, "it ran until its deadline"}, ended);
    return true;
  }
  const ipc::TaskCrash crash =
      ipc::note_crash(place_.board, pending.name, runner, place_.generation);
  const std::string who = of_task(pending.name) + "ended with its process (pid " +
                          std::to_string(runner.pid()) + "): " + crash.how;
  if (crash.deaths == ipc::PoisonList::kMaxDeaths) {
    report_(config::LogLevel::error, poisoned(pending.name));
  }
  const std::uint32_t attempts = jobs_.attempts(pending.job);
  const bool is_wanted = pending.task->outcome.end == JobEnd::none;
  if (is_wanted && attempts <= pending.retries && crash.deaths < ipc::PoisonList::kMaxDeaths) {
    report_(config::LogLevel::warning, who + "; it is run again, attempt " +
                                           std::to_string(attempts + 1) + " of " +
                                           std::to_string(pending.retries + 1));
    pending.dead_since_ns = 0;
    jobs_.retry(pending.job, runner);
    return false;
  }
  jobs_.bury(pending.job, runner);
  jobs_.free(pending.job);
  report_(config::LogLevel::warning, who);
  end(pending, {JobEnd::crashed, who}, ended);
  return true;
}

}  // namespace prefork::native
