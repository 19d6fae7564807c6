// Who follows topics in a worker: a thread of its own, which calls the application's functions with
// each piece that was published since the worker started, one at a time, in the order of
// publication of each topic. It is neither the event loop's nor the pool's, so a function that
// blocks delays other pieces only; and it loses pieces if it does so for long.
#pragma once

#include <atomic>
#include <cstdint>
#include <string>
#include <thread>
#include <vector>

#include "ipc/shared/topic.h"
#include "ipc/shared/wait_point.h"
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

// Fills in the functions of the interface that are about it.
void add_topic_functions(prefork_api& api);

}  // namespace prefork::native
