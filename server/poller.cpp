#include "server/poller.h"

#include <sys/epoll.h>

#include <array>
#include <asio/post.hpp>
#include <cerrno>
#include <system_error>

#include "ipc/monotonic.h"

namespace prefork {

namespace {

OwnedFd make_epoll() {
  OwnedFd fd(::epoll_create1(EPOLL_CLOEXEC));
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
      run_batches();
    }
  });
}

void Poller::rouse() {
  if (!in_batches_) {
    asio::post(loop_, [this] {
      batch_ns_ = owner_.on_batch();
      if (owner_.on_batch_end()) {
        rouse();
      }
    });
  }
}

void Poller::run_batches() {
  in_batches_ = true;
  const std::uint64_t last_ns = batch_ns_;
  take_batch(std::chrono::milliseconds::zero());
  bool work_left = owner_.on_batch_end();
  const std::uint64_t started_ns = batch_ns_;
  // A lone event is not worth a second wait: Asio wakes this loop for the next one as well.
  bool hot = work_left || started_ns - last_ns < to_ns(kHotWait);
  while (hot && !loop_.stopped() && batch_ns_ - started_ns < to_ns(kMaxAway)) {
    const int events = take_batch(work_left ? std::chrono::milliseconds::zero() : kHotWait);
    hot = events > 0 || work_left;
    work_left = owner_.on_batch_end();
  }
  in_batches_ = false;
  if (work_left) {
    rouse();
  }
  wait();
}

int Poller::take_batch(std::chrono::milliseconds timeout) {
  std::array<epoll_event, kMaxEventsPerBatch> events;
  const int count = ::epoll_wait(epoll_fd_.get(), events.data(), kMaxEventsPerBatch,
                                 static_cast<int>(timeout.count()));
  batch_ns_ = owner_.on_batch();
  for (int i = 0; i < count; ++i) {
    const epoll_event& event = events[static_cast<std::size_t>(i)];
    owner_.on_ready(event.data.u64, to_readiness(event.events));
  }
  return count;
}

}  // namespace prefork
