#include "server/engine/descriptor_watches.h"

#include <sys/epoll.h>

#include <cerrno>
#include <utility>

namespace prefork::engine {

namespace {

// What waits behind them waits for the next turn.
constexpr int kMaxEventsPerTurn = 64;
constexpr std::uint32_t kBroken = EPOLLERR | EPOLLHUP;

DescriptorWatches::Id id_of(int fd, bool for_writing, std::uint32_t number) {
  return (static_cast<std::uint64_t>(number) << 32U) | (static_cast<std::uint64_t>(fd) << 1U) |
         (for_writing ? 1U : 0U);
}

}  // namespace

bool DescriptorWatches::open() {
  if (epoll_fd_.valid()) {
    return true;
  }
  epoll_fd_ = ipc::OwnedFd(::epoll_create1(EPOLL_CLOEXEC));
  if (!epoll_fd_.valid()) {
    return false;
  }
  loop_.watch(epoll_fd_.get(), [this] { take_events(); });
  return true;
}

// One that was closed while it was armed is forgotten by the system: its number is added anew.
bool DescriptorWatches::arm(int fd, const Descriptor& descriptor) {
  epoll_event event{};
  event.events = EPOLLONESHOT;
  event.events |= descriptor.directions[0].number != 0 ? std::uint32_t{EPOLLIN | EPOLLRDHUP} : 0U;
  event.events |= descriptor.directions[1].number != 0 ? std::uint32_t{EPOLLOUT} : 0U;
  event.data.fd = fd;
  return ::epoll_ctl(epoll_fd_.get(), EPOLL_CTL_MOD, fd, &event) == 0 ||
         (errno == ENOENT && ::epoll_ctl(epoll_fd_.get(), EPOLL_CTL_ADD, fd, &event) == 0);
}

DescriptorWatches::Id DescriptorWatches::add(int fd, bool for_writing, Function function) {
  if (!open()) {
    return 0;
  }
  Descriptor& descriptor = descriptors_[fd];
  Waiting& waiting = descriptor.directions[for_writing ? 1 : 0];
  if (waiting.number != 0) {
    errno = EEXIST;
    return 0;
  }
  added_ = added_ + 1 == 0 ? 1 : added_ + 1;
  waiting = {added_, std::move(function)};
  if (!arm(fd, descriptor)) {
    const int error = errno;
    cancel(id_of(fd, for_writing, added_));
    errno = error;
    return 0;
  }
  return id_of(fd, for_writing, added_);
}

void DescriptorWatches::cancel(Id id) {
  const auto fd = static_cast<int>((id & UINT32_MAX) >> 1U);
  const auto found = descriptors_.find(fd);
  if (found == descriptors_.end()) {
    return;
  }
  Waiting& waiting = found->second.directions[id & 1U];
  if (waiting.number != id >> 32U) {
    return;
  }
  waiting = {};
  if (found->second.directions[(id & 1U) ^ 1U].number != 0) {
    arm(fd, found->second);
    return;
  }
  descriptors_.erase(found);
  ::epoll_ctl(epoll_fd_.get(), EPOLL_CTL_DEL, fd, nullptr);
}

void DescriptorWatches::take_events() {
  std::array<epoll_event, kMaxEventsPerTurn> events;
  const int count = ::epoll_wait(epoll_fd_.get(), events.data(), kMaxEventsPerTurn, 0);
  for (int i = 0; i < count; ++i) {
    const epoll_event& event = events[static_cast<std::size_t>(i)];
    if ((event.events & (EPOLLIN | EPOLLRDHUP | kBroken)) != 0) {
      tell(event.data.fd, false);
    }
    if ((event.events & (EPOLLOUT | kBroken)) != 0) {
      tell(event.data.fd, true);
    }
    // Whoever is left waits on.
    if (const auto found = descriptors_.find(event.data.fd); found != descriptors_.end()) {
      arm(event.data.fd, found->second);
    }
  }
}

void DescriptorWatches::tell(int fd, bool for_writing) {
  const auto found = descriptors_.find(fd);
  if (found == descriptors_.end()) {
    return;
  }
  Waiting& waiting = found->second.directions[for_writing ? 1 : 0];
  if (waiting.number == 0) {
    return;
  }
  const Function function = std::move(waiting.function);
  cancel(id_of(fd, for_writing, waiting.number));
  function();
}

}  // namespace prefork::engine
