#include "server/loop/poller.h"

#include <sys/epoll.h>

#include <array>
#include <asio/post.hpp>
#include <cerrno>
#include <system_error>

#include "ipc/base/monotonic.h"

namespace prefork::loop {

namespace {

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

Poller::Poller(asio::io_context& loop, PollerOwner& owner)
    : loop_(loop), owner_(owner), epoll_fd_(make_epoll()), watch_(loop, epoll_fd_.get()) {
  wait();
}

Poller::~Poller() { static_cast<void>(watch_.release()); }

bool Poller::add(int fd, std::uint64_t key) {
  return control(epoll_fd_.get(), EPOLL_CTL_ADD, fd, EPOLLIN | EPOLLRDHUP | EPOLLET, key);
}

void Poller::watch_output(int fd, std::uint64_t key) {
  control(epoll_fd_.get(), EPOLL_CTL_MOD, fd, EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET, key);
}

bool Poller::watch_level(int fd, std::uint64_t key) {
  return control(epoll_fd_.get(), EPOLL_CTL_ADD, fd, EPOLLIN, key);
}

void Poller::remove(int fd) { ::epoll_ctl(epoll_fd_.get(), EPOLL_CTL_DEL, fd, nullptr); }

void Poller::wait() {
  watch_.async_wait(asio::posix::descriptor_base::wait_read, [this](std::error_code error) {
    if (!error) {
      take_batch(0);
      if (work_left_) {
        rouse();
      }
      wait();
    }
  });
}

void Poller::rouse() {
  if (in_batch_) {
    return;
  }
  work_left_ = true;
  if (!running_) {
    asio::post(loop_, [this] {
      take_batch(0);
      if (work_left_) {
        rouse();
      }
    });
  }
}

void Poller::run() {
  static_cast<void>(watch_.release());
  running_ = true;
  now_ns_ = owner_.on_batch();
  // Asio's first turn: what was posted before, and while descriptors are free. (UBSan opens a pipe
  // when it checks a type for the first time; without descriptors it takes that for a broken type.)
  loop_.poll();
  while (!loop_.stopped()) {
    take_batch(timeout_ms());
    if (now_ns_ >= owner_.asio_due_ns()) {
      loop_.poll();
    }
  }
}

// Rounded up: woken a little early it would have to wait again.
int Poller::timeout_ms() const {
  constexpr std::uint64_t kNsPerMs = 1'000'000;
  const std::uint64_t due_ns = owner_.asio_due_ns();
  if (work_left_ || due_ns <= now_ns_) {
    return 0;
  }
  return static_cast<int>((due_ns - now_ns_ + kNsPerMs - 1) / kNsPerMs);
}

void Poller::take_batch(int timeout_ms) {
  std::array<epoll_event, kMaxEventsPerBatch> events;
  const int count = ::epoll_wait(epoll_fd_.get(), events.data(), kMaxEventsPerBatch, timeout_ms);
  in_batch_ = true;
  now_ns_ = owner_.on_batch();
  for (int i = 0; i < count; ++i) {
    const epoll_event& event = events[static_cast<std::size_t>(i)];
    owner_.on_ready(event.data.u64, to_readiness(event.events));
  }
  work_left_ = owner_.on_batch_end();
  in_batch_ = false;
}

}  // namespace prefork::loop
