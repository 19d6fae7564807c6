// What an application has of the event loop and the pool; see exchange::Scheduler. Made before the
// application enters the worker, on the loop's thread. Outlives the application's threads.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <map>
#include <mutex>
#include <string>
#include <thread>
#include <unordered_map>
#include <utility>
#include <vector>

#include "ipc/base/owned_fd.h"
#include "server/engine/descriptor_watches.h"
#include "server/exchange/job.h"
#include "server/exchange/scheduler.h"
#include "server/loop/event_loop.h"
#include "server/loop/timer.h"

namespace prefork::engine {

class LoopScheduler : public exchange::Scheduler {
 public:
  // `pools`: the names of the pool's classes, in their order. Throws std::system_error.
  LoopScheduler(loop::EventLoop& loop, std::vector<std::string> pools);

  [[nodiscard]] bool is_loop_thread() const override {
    return std::this_thread::get_id() == loop_thread_;
  }
  Posted post(Function function) override;
  void tell(Function function) override;
  TimerId start_timer(std::uint64_t delay_ns, Function function) override;
  void cancel_timer(TimerId id) override;
  WatchId watch(int fd, bool for_writing, Function function) override;
  void cancel_watch(WatchId id) override { watches_.cancel(id); }
  bool submit(exchange::PoolWork work) override;
  void settle() override;
  void end() override;

  // Where functions run; null: nowhere any more. Stays the caller's.
  void set_executor(exchange::Executor* executor) { executor_ = executor; }
  // Something is posted, or runs on the pool.
  [[nodiscard]] bool has_work() const;

 private:
  class Call;
  // Where the pool delivers what it has run.
  class Calls : public exchange::CompletionSink {
   public:
    void deliver(std::unique_ptr<exchange::Job> job) override;
    void deliver_start(const exchange::Job& job, std::unique_ptr<http::Response> response) override;
    void wake(exchange::ExchangeToken exchange) override;
  };

  // Of the same time those first that were started first.
  using TimerKey = std::pair<std::uint64_t, TimerId>;

  Posted put(Function function, std::size_t limit);
  void take_posted();
  bool run_posted();
  void fire_due();
  void arm();
  exchange::JobProfile& profile_of(std::string_view pool, exchange::Priority priority);

  loop::EventLoop& loop_;
  const std::thread::id loop_thread_ = std::this_thread::get_id();
  const std::vector<std::string> pools_;
  exchange::Executor* executor_ = nullptr;
  std::map<std::pair<std::uint32_t, exchange::Priority>, exchange::JobProfile> profiles_;
  Calls calls_;
  std::atomic<std::size_t> on_pool_{0};
  loop::Timer timer_;  // for the first of
  std::map<TimerKey, Function> timers_;
  std::unordered_map<TimerId, std::uint64_t> due_ns_;  // by timer
  TimerId last_timer_ = 0;
  DescriptorWatches watches_;
  const ipc::OwnedFd event_;  // eventfd(2)
  std::vector<Function> running_;
  mutable std::mutex mutex_;
  std::vector<Function> posted_;  // guarded by mutex_
  bool is_over_ = false;          // guarded by mutex_
};

}  // namespace prefork::engine
