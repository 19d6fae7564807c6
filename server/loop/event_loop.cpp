#include "server/loop/event_loop.h"

#include <poll.h>
#include <sys/epoll.h>

#include <algorithm>
#include <array>
#include <asio/post.hpp>
#include <cerrno>
#include <system_error>
#include <utility>

#include "ipc/base/check.h"
#include "ipc/base/plain_calls.h"

namespace prefork::loop {

namespace {

constexpr std::uint64_t kNsPerMs = 1'000'000;
constexpr std::uint64_t kLongestWaitMs = 3'600'000;

ipc::OwnedFd make_epoll() {
  ipc::OwnedFd fd(::epoll_create1(EPOLL_CLOEXEC));
  if (!fd.valid()) {
    throw std::system_error(errno, std::generic_category(), "epoll_create1");
  }
  return fd;
}

bool control(int epoll_fd, int operation, int fd, std::uint32_t events, std::uint64_t key) {
  epoll_event event{};
  event.events = events;
  event.data.u64 = key;
  return ::epoll_ctl(epoll_fd, operation, fd, &event) == 0;
}

Readiness to_readiness(std::uint32_t events) {
  Readiness readiness;
  readiness.readable = (events & EPOLLIN) != 0;
  readiness.writable = (events & EPOLLOUT) != 0;
  readiness.hang_up = (events & (EPOLLRDHUP | EPOLLHUP | EPOLLERR)) != 0;
  readiness.gone = (events & (EPOLLHUP | EPOLLERR)) != 0;
  return readiness;
}

}  // namespace

EventLoop::EventLoop(const ipc::Clock& clock)
    : clock_(clock), epoll_fd_(make_epoll()), now_ns_(clock.now_ns()) {}

// --- descriptors ---------------------------------------------------------------------------------

EventLoop::WatchId EventLoop::watch(int fd, std::function<void()> on_readable) {
  return add_watch({fd, std::move(on_readable)});
}

EventLoop::WatchId EventLoop::watch_shared(int fd, std::function<void()> on_readable) {
  return add_watch({fd, std::move(on_readable), true});
}

EventLoop::WatchId EventLoop::add_watch(Watch watch) {
  const auto id = static_cast<WatchId>(watches_.size());
  watches_.push_back(std::move(watch));
  PREFORK_CHECK(resume_watch(id));
  return id;
}

bool EventLoop::stand_behind(WatchId id) {
  pause_watch(id);
  return resume_watch(id);
}

void EventLoop::look_at_shared() {
  std::vector<pollfd> looked_at;
  std::vector<WatchId> ids;
  for (WatchId id = 0; id < watches_.size(); ++id) {
    if (watches_[id].is_shared && !watches_[id].paused) {
      looked_at.push_back({watches_[id].fd, POLLIN, 0});
      ids.push_back(id);
    }
  }
  if (looked_at.empty() || ::poll(looked_at.data(), looked_at.size(), 0) <= 0) {
    return;
  }
  for (std::size_t i = 0; i < ids.size(); ++i) {
    if ((looked_at[i].revents & POLLIN) != 0) {
      call(watches_[ids[i]]);
    }
  }
}

void EventLoop::pause_watch(WatchId id) {
  if (!std::exchange(watches_[id].paused, true)) {
    remove(watches_[id].fd);
  }
}

bool EventLoop::resume_watch(WatchId id) {
  Watch& watch = watches_[id];
  if (!std::exchange(watch.paused, false)) {
    return true;
  }
  const std::uint32_t events = watch.is_shared ? EPOLLIN | EPOLLEXCLUSIVE : EPOLLIN;
  if (control(epoll_fd_.get(), EPOLL_CTL_ADD, watch.fd, events, id)) {
    return true;
  }
  watch.paused = true;
  return false;
}

bool EventLoop::add(int fd, std::uint64_t key) {
  return control(epoll_fd_.get(), EPOLL_CTL_ADD, fd, EPOLLIN | EPOLLRDHUP | EPOLLET, key);
}

void EventLoop::want_writable(int fd, std::uint64_t key) {
  control(epoll_fd_.get(), EPOLL_CTL_MOD, fd, EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET, key);
}

void EventLoop::remove(int fd) { ::epoll_ctl(epoll_fd_.get(), EPOLL_CTL_DEL, fd, nullptr); }

// --- timers --------------------------------------------------------------------------------------

void EventLoop::remove_timer(Timer& timer) {
  timers_.erase(std::find(timers_.begin(), timers_.end(), &timer));
  update_due_time();
}

void EventLoop::update_due_time() {
  due_ns_ = ipc::kNever;
  for (const Timer* timer : timers_) {
    due_ns_ = std::min(due_ns_, timer->due_ns());
  }
}

// Each at most once, earliest first; those that one arms for the past come in the next turn.
bool EventLoop::fire_due_timers() {
  if (now_ns_ < due_ns_) {
    return false;
  }
  std::vector<Timer*> due;
  for (Timer* const timer : timers_) {
    if (timer->due_ns() <= now_ns_) {
      due.push_back(timer);
    }
  }
  std::sort(due.begin(), due.end(),
            [](const Timer* left, const Timer* right) { return left->due_ns() < right->due_ns(); });
  for (Timer* const timer : due) {
    // One before it may have destroyed it, or armed it anew.
    const bool exists = std::find(timers_.begin(), timers_.end(), timer) != timers_.end();
    if (exists && timer->due_ns() <= now_ns_) {
      timer->fire();
    }
  }
  return true;
}

// --- deferred work -------------------------------------------------------------------------------

void EventLoop::defer(std::uint64_t key) {
  ++deferred_count_;
  asio::post(deferred_, [this, key] {
    if (client_ != nullptr) {
      client_->on_deferred(key);
    }
  });
}

bool EventLoop::run_deferred() {
  const std::size_t count = std::exchange(deferred_count_, 0);
  if (count == 0) {
    return false;
  }
  deferred_.restart();
  for (std::size_t i = 0; i < count; ++i) {
    deferred_.poll_one();
  }
  return true;
}

// --- turns ---------------------------------------------------------------------------------------

void EventLoop::run() {
  stopped_ = false;
  // While descriptors are free: UBSan opens a pipe when it checks a type for the first time;
  // without descriptors it takes that for a broken type.
  deferred_.poll();
  while (!stopped_) {
    turn(timeout_ms());
  }
}

bool EventLoop::poll() {
  bool anything = false;
  while (turn(0)) {
    anything = true;
  }
  return anything;
}

bool EventLoop::run_one_for(std::uint64_t patience_ns) {
  const auto patience_ms = static_cast<int>(std::min(patience_ns / kNsPerMs, kLongestWaitMs));
  return turn(std::min(timeout_ms(), patience_ms));
}

// Rounded up: woken a little early it would have to wait again.
int EventLoop::timeout_ms() const {
  if (deferred_count_ != 0 || due_ns_ <= now_ns_) {
    return 0;
  }
  const std::uint64_t wait_ns = due_ns_ - now_ns_;
  if (wait_ns >= kLongestWaitMs * kNsPerMs) {
    return static_cast<int>(kLongestWaitMs);
  }
  return static_cast<int>((wait_ns + kNsPerMs - 1) / kNsPerMs);
}

void EventLoop::hand_out(std::span<const epoll_event> events) {
  // What is shared has woken nobody else, and comes first.
  const bool is_alone = events.size() == 1;
  if (!is_alone) {
    for (const epoll_event& event : events) {
      if (event.data.u64 < kFirstClientKey && watches_[event.data.u64].is_shared) {
        call(watches_[event.data.u64]);
      }
    }
  }
  for (const epoll_event& event : events) {
    if (event.data.u64 >= kFirstClientKey) {
      client_->on_ready(event.data.u64, to_readiness(event.events));
    } else if (is_alone || !watches_[event.data.u64].is_shared) {
      call(watches_[event.data.u64]);
    }
  }
}

void EventLoop::call(const Watch& watch) {
  if (!watch.paused) {
    watch.on_readable();
  }
}

bool EventLoop::turn(int timeout_ms) {
  if (static_cast<std::uint64_t>(timeout_ms) * kNsPerMs > kLongWaitNs && client_ != nullptr) {
    client_->on_sleep(now_ns_ + static_cast<std::uint64_t>(timeout_ms) * kNsPerMs);
  }
  std::array<epoll_event, kMaxEventsPerTurn> events;
  const int count =
      ipc::plain_epoll_wait(epoll_fd_.get(), events.data(), kMaxEventsPerTurn, timeout_ms);
  refresh_now();
  if (client_ != nullptr) {
    client_->on_turn(now_ns_, count > 0);
  }
  hand_out({events.data(), static_cast<std::size_t>(std::max(count, 0))});
  const bool has_fired = fire_due_timers();
  const bool has_deferred = run_deferred();
  if (client_ != nullptr) {
    client_->on_turn_end();
  }
  return count > 0 || has_fired || has_deferred;
}

}  // namespace prefork::loop
