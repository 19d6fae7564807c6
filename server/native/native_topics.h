// Who follows topics in a worker: a thread of its own, which calls the application's functions with
// each piece that was published since the worker started, one at a time, in the order of
// publication of each topic. It is neither the event loop's nor the pool's, so a function that
// blocks delays other pieces only; and it loses pieces if it does so for long.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <thread>
#include <vector>

#include "ipc/shared/topic.h"
#include "ipc/shared/wait_point.h"
#include "server/exchange/scheduler.h"
#include "server/include/prefork/abi.h"
#include "server/native/native_things.h"

namespace prefork::native {

// As the application said it while it was loaded.
struct Subscription {
  std::uint32_t thing = 0;
  prefork_topic_handler handler = nullptr;
  void* user_data = nullptr;
};

class TopicListener {
 public:
  // `things` are bound and outlive it. Throws std::runtime_error, with a line for people.
  TopicListener(const SharedThings& things, const std::vector<Subscription>& subscriptions);
  // Waits until the function that it is in has returned.
  ~TopicListener();
  TopicListener(const TopicListener&) = delete;
  TopicListener& operator=(const TopicListener&) = delete;

 private:
  struct Follower {
    ipc::Topic topic;
    Subscription subscription;
    std::string name;  // "topic 'news'"
    ipc::Topic::Cursor cursor;
  };

  void run();
  // True: there was something.
  bool deliver();

  ipc::WaitPoint& news_;
  std::vector<Follower> followers_;
  std::string piece_;
  std::atomic<bool> is_stopping_{false};
  std::thread thread_;  // last: it uses all of the above
};

// Who tells the event loop of what is published, for those that wait for it there: a thread, which
// is made for the first of them and ends with this. It reads nothing, so it never falls behind.
// One thread: the event loop's.
class TopicNews {
 public:
  using Id = std::uint64_t;

  // Both outlive it.
  TopicNews(exchange::Scheduler& scheduler, const SharedThings& things)
      : scheduler_(scheduler), things_(things) {}
  ~TopicNews() { stop(); }
  TopicNews(const TopicNews&) = delete;
  TopicNews& operator=(const TopicNews&) = delete;

  // Calls `function` once the topic has the piece of that number, which may be at once. 0: there
  // can be no thread; errno says why.
  Id follow(std::uint32_t thing, std::uint64_t number, std::function<void()> function);
  void forget(Id id) { followers_.erase(id); }
  // Waits for the thread.
  void stop();

 private:
  struct Follower {
    std::uint32_t thing = 0;
    std::uint64_t number = 0;
    std::function<void()> function;
  };

  [[nodiscard]] bool has(const Follower& follower) const;
  [[nodiscard]] std::uint64_t published() const;
  void look();
  void run();

  exchange::Scheduler& scheduler_;
  const SharedThings& things_;
  std::map<Id, Follower> followers_;
  Id last_ = 0;
  std::atomic<bool> is_stopping_{false};
  std::thread thread_;
};

// Fills in the functions of the interface that are about it.
void add_topic_functions(prefork_api& api);

}  // namespace prefork::native
