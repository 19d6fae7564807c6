#include "ipc/fork_orders.h"

#include <sys/socket.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <system_error>
#include <utility>

namespace prefork::ipc {

namespace {

constexpr std::size_t kDescriptors = 2;  // both ends of a ControlEnd

struct DescriptorRoom {
  alignas(cmsghdr) std::array<char, CMSG_SPACE(kDescriptors * sizeof(int))> bytes{};
};

// Those that came with the message, closed with the result if nobody takes them.
std::array<OwnedFd, kDescriptors> take_descriptors(msghdr& message) {
  std::array<OwnedFd, kDescriptors> taken;
  const cmsghdr* const header = CMSG_FIRSTHDR(&message);
  if (header == nullptr || header->cmsg_level != SOL_SOCKET || header->cmsg_type != SCM_RIGHTS) {
    return taken;
  }
  const std::size_t count = (header->cmsg_len - CMSG_LEN(0)) / sizeof(int);
  for (std::size_t i = 0; i < count && i < kDescriptors; ++i) {
    int fd = -1;
    std::memcpy(&fd, CMSG_DATA(header) + i * sizeof fd, sizeof fd);
    taken[i].reset(fd);
  }
  return taken;
}

}  // namespace

ForkOrderPair make_fork_order_pair() {
  std::array<int, 2> ends{};
  if (::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends.data()) != 0) {
    throw std::system_error(errno, std::generic_category(), "socketpair");
  }
  return {OwnedFd(ends[0]), OwnedFd(ends[1])};
}

int send_fork_order(int socket, const ForkOrder& order, const ControlEnd* control) {
  ForkOrder copy = order;
  iovec piece{&copy, sizeof copy};
  DescriptorRoom room;
  msghdr message{};
  message.msg_iov = &piece;
  message.msg_iovlen = 1;
  if (control != nullptr) {
    message.msg_control = room.bytes.data();
    message.msg_controllen = room.bytes.size();
    cmsghdr* const header = CMSG_FIRSTHDR(&message);
    header->cmsg_level = SOL_SOCKET;
    header->cmsg_type = SCM_RIGHTS;
    header->cmsg_len = CMSG_LEN(kDescriptors * sizeof(int));
    const std::array<int, kDescriptors> fds = {control->read_fd(), control->write_fd()};
    std::memcpy(CMSG_DATA(header), fds.data(), sizeof fds);
  }
  while (::sendmsg(socket, &message, MSG_NOSIGNAL | MSG_DONTWAIT) < 0) {
    if (errno != EINTR) {
      return errno;
    }
  }
  return 0;
}

std::optional<ReceivedForkOrder> receive_fork_order(int socket) {
  for (;;) {
    ForkOrder order;
    iovec piece{&order, sizeof order};
    DescriptorRoom room;
    msghdr message{};
    message.msg_iov = &piece;
    message.msg_iovlen = 1;
    message.msg_control = room.bytes.data();
    message.msg_controllen = room.bytes.size();
    const ssize_t size = ::recvmsg(socket, &message, MSG_CMSG_CLOEXEC);
    if (size < 0 && errno == EINTR) {
      continue;
    }
    if (size <= 0) {
      return std::nullopt;
    }
    auto [read_end, write_end] = take_descriptors(message);
    if (size != sizeof order ||
        (order.kind == ForkOrder::Kind::fork_worker && !write_end.valid())) {
      continue;  // out of descriptors: the master hears that the pipes are closed
    }
    return ReceivedForkOrder{order, ControlEnd(std::move(read_end), std::move(write_end))};
  }
}

}  // namespace prefork::ipc
