// Something that threads wait for and one of them lets happen. Any thread.
#pragma once

#include <condition_variable>
#include <mutex>

namespace prefork::test {

class Gate {
 public:
  ~Gate() { open(); }
  void open() {
    {
      const std::lock_guard lock(mutex_);
      open_ = true;
    }
    changed_.notify_all();
  }
  void wait() {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [this] { return open_; });
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  bool open_ = false;
};

}  // namespace prefork::test
