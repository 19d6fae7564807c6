#include "server/poller.h"

#include <sys/epoll.h>

#include <array>
#include <cerrno>
#include <system_error>
#include <utility>

namespace prefork {

namespace {

OwnedFd make_epoll() {
  OwnedFd fd(::epoll_create1(EPOLL_CLOEXEC));
  if (!fd.valid()) {
    throw std::system_error(errno, std::generic_category(), "epoll_create1");
  }
  return fd;
}

}  // namespace

Poller::Poller(asio::io_context& loop, OnBatch on_batch, OnReady on_ready)
    : epoll_fd_(make_epoll()),
      watch_(loop, epoll_fd_.get()),
      on_batch_(std::move(on_batch)),
      on_ready_(std::move(on_ready)) {
  wait();
}

Poller::~Poller() { static_cast<void>(watch_.release()); }

bool Poller::add(int fd, std::uint64_t key) {
  epoll_event event{};
  event.events = EPOLLIN | EPOLLRDHUP | EPOLLET;
  event.data.u64 = key;
  return ::epoll_ctl(epoll_fd_.get(), EPOLL_CTL_ADD, fd, &event) == 0;
}

void Poller::watch_output(int fd, std::uint64_t key) {
  epoll_event event{};
  event.events = EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET;
  event.data.u64 = key;
  ::epoll_ctl(epoll_fd_.get(), EPOLL_CTL_MOD, fd, &event);
}

void Poller::remove(int fd) { ::epoll_ctl(epoll_fd_.get(), EPOLL_CTL_DEL, fd, nullptr); }

void Poller::wait() {
  watch_.async_wait(asio::posix::descriptor_base::wait_read, [this](std::error_code error) {
    if (!error) {
      handle_batch();
      wait();
    }
  });
}

void Poller::handle_batch() {
  std::array<epoll_event, kMaxEventsPerBatch> events;
  const int count = ::epoll_wait(epoll_fd_.get(), events.data(), kMaxEventsPerBatch, 0);
  if (count > 0) {
    on_batch_();
  }
  for (int i = 0; i < count; ++i) {
    const epoll_event& event = events[static_cast<std::size_t>(i)];
    Readiness readiness;
    readiness.readable = (event.events & EPOLLIN) != 0;
    readiness.writable = (event.events & EPOLLOUT) != 0;
    readiness.hang_up = (event.events & (EPOLLRDHUP | EPOLLHUP | EPOLLERR)) != 0;
    readiness.gone = (event.events & (EPOLLHUP | EPOLLERR)) != 0;
    on_ready_(event.data.u64, readiness);
  }
}

}  // namespace prefork
