// What a coroutine on the event loop may wait for: a time, a descriptor, what workers share, the
// content of its request, and what others do for it (await_work.hpp). Each is for `co_await` alone,
// in a coroutine that returns a Task (coroutine.hpp). When the coroutine is ended while it waits,
// it is not waited for any more.
//
// Each throws std::system_error where nothing can be waited for (the worker stops, no memory).
#pragma once

#include <prefork/cxx20.hpp>

#include <cerrno>
#include <chrono>
#include <cstddef>
#include <optional>
#include <span>
#include <stdexcept>
#include <string>
#include <type_traits>
#include <utility>

#include <prefork/abi.h>
#include <prefork/await_work.hpp>
#include <prefork/coroutine.hpp>
#include <prefork/locks.hpp>
#include <prefork/request.hpp>
#include <prefork/stores.hpp>

namespace prefork {
inline namespace v1 {

namespace detail {

class Sleep final : public LoopPause {
 public:
  explicit Sleep(Timeout time) : time_(time) {}
  bool await_ready() const noexcept { return false; }
  template <IsTask Awaiting>
  void await_suspend(std::coroutine_handle<Awaiting> awaiting) {
    suspend(awaiting, [this](const prefork_api& api, prefork_app* app) {
      return api.wait_time(app, to_ns(time_), told, this);
    });
  }
  void await_resume() const noexcept {}

 private:
  Timeout time_;
};

// A descriptor, and how long at most: two waits, of which one ends the other.
class Ready final : public Pause {
 public:
  Ready(int fd, bool for_writing, Timeout timeout)
      : fd_(fd), for_writing_(for_writing), timeout_(timeout) {}
  ~Ready() { stop(); }
  bool await_ready() const noexcept { return false; }
  template <IsTask Awaiting>
  bool await_suspend(std::coroutine_handle<Awaiting> awaiting) {
    arrive(awaiting);
    fd_wait_ = api().wait_fd(app(), fd_, for_writing_ ? 1 : 0, told_ready, this);
    if (fd_wait_ == nullptr) {
      if (errno != EPERM || api().is_loop_thread(app()) == 0) {
        throw std::system_error(errno, std::generic_category(),
                                "a descriptor cannot be waited for");
      }
      is_ready_ = true;  // a file: it never waits
      return false;
    }
    if (timeout_ != Timeout::max()) {
      time_wait_ = api().wait_time(app(), to_ns(timeout_), told_late, this);
    }
    begin();
    return true;
  }
  bool await_resume() const noexcept { return is_ready_; }
  bool cancel() override {
    stop();
    return true;
  }

 private:
  static void told_ready(void* self, prefork_status how) {
    auto& ready = *static_cast<Ready*>(self);
    ready.fd_wait_ = nullptr;
    ready.is_ready_ = true;
    ready.end(how);
  }
  static void told_late(void* self, prefork_status how) {
    auto& ready = *static_cast<Ready*>(self);
    ready.time_wait_ = nullptr;
    ready.end(how);
  }
  void end(prefork_status how) {
    stop();
    go_on(how);
  }
  void stop() {
    for (prefork_wait** const wait : {&fd_wait_, &time_wait_}) {
      if (*wait != nullptr) {
        api().cancel_wait(std::exchange(*wait, nullptr));
      }
    }
  }

  int fd_;
  bool for_writing_;
  bool is_ready_ = false;
  Timeout timeout_;
  prefork_wait* fd_wait_ = nullptr;
  prefork_wait* time_wait_ = nullptr;
};

// The next piece of a request's content.
class ReadSome final : public LoopPause {
 public:
  ReadSome(const prefork_api& api, prefork_stream* content, std::span<char> room)
      : api_(api), content_(content), room_(room) {}
  bool await_ready() {
    if (content_ == nullptr || room_.empty()) {
      throw std::logic_error(
          "read_some() is for a handler that streams the content (prefork::upload), with room");
    }
    status_ = api_.try_read(content_, room_.data(), room_.size(), &got_);
    return status_ != PREFORK_FULL;
  }
  template <IsTask Awaiting>
  void await_suspend(std::coroutine_handle<Awaiting> awaiting) {
    suspend(awaiting, [this](const prefork_api& api, prefork_app* app) {
      return api.wait_stream(app, content_, told, this);
    });
  }
  std::size_t await_resume() {
    if (status_ == PREFORK_FULL) {
      status_ = api_.try_read(content_, room_.data(), room_.size(), &got_);
    }
    if (status_ == PREFORK_OK || status_ == PREFORK_END) {
      return got_;
    }
    throw std::runtime_error("the client ended the request early");
  }

 private:
  const prefork_api& api_;
  prefork_stream* content_;
  std::span<char> room_;
  std::size_t got_ = 0;
  prefork_status status_ = PREFORK_FULL;
};

// Tries again and again: nobody is woken by a primitive that workers share, so that what a
// coroutine waits for is looked at after 1 ms, 2 ms and so on, up to every 16 ms.
template <typename Attempt>
Task<std::invoke_result_t<Attempt&>> try_until(Attempt attempt, Timeout timeout) {
  constexpr Timeout kShortest = std::chrono::milliseconds(1);
  constexpr Timeout kLongest = std::chrono::milliseconds(16);
  Timeout left = timeout;
  for (Timeout pause = kShortest;; pause = pause < kLongest ? 2 * pause : kLongest) {
    auto got = attempt();
    if (got || left <= Timeout::zero()) {
      co_return std::move(got);
    }
    const Timeout nap = pause < left ? pause : left;
    co_await Sleep(nap);
    left -= left == Timeout::max() ? Timeout::zero() : nap;
  }
}

}  // namespace detail

// So long at least: co_await prefork::sleep(10ms).
inline detail::Sleep sleep(std::chrono::nanoseconds time) { return detail::Sleep(time); }

// Until `fd` can be read from, or written to, without waiting, or is broken. Each direction of a
// descriptor is waited for by one at a time. It is to be closed only when nobody waits for it.
// False: the time was up first. A file is always ready.
inline detail::Ready readable(int fd, Timeout timeout = Timeout::max()) {
  return {fd, false, timeout};
}
inline detail::Ready writable(int fd, Timeout timeout = Timeout::max()) {
  return {fd, true, timeout};
}

// What workers share, without blocking: looked at again after 1 ms, 2 ms, and so on up to 16 ms, so
// it may be had so much later than by a thread that waits, and who waits longer does not come
// first. What is not to be had in time gives what try_acquire() and its like give then.
inline Task<Hold> acquire(const Semaphore& semaphore, Timeout timeout) {
  return detail::try_until([semaphore] { return semaphore.try_acquire(); }, timeout);
}
inline Task<Hold> lock(const Mutex& mutex, Timeout timeout) {
  return detail::try_until([mutex] { return mutex.try_lock(); }, timeout);
}
inline Task<bool> wait(const Event& event, Timeout timeout) {
  return detail::try_until([event] { return event.is_set(); }, timeout);
}
inline Task<std::optional<std::string>> pop(const Queue& queue, Timeout timeout) {
  return detail::try_until([queue] { return queue.try_pop(); }, timeout);
}
inline Task<bool> push(const Queue& queue, std::string piece, Timeout timeout) {
  return detail::try_until([queue, piece = std::move(piece)] { return queue.try_push(piece); },
                           timeout);
}

inline detail::ReadSome Request::read_some(std::span<char> room) const {
  return {*api_, request_->content, room};
}

}  // namespace v1
}  // namespace prefork
