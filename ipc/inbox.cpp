#include "ipc/inbox.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/uio.h>

#include <cerrno>
#include <cstring>
#include <system_error>
#include <type_traits>
#include <utility>

namespace prefork::ipc {

namespace {

// Room for this many waiting messages of about 1 KiB of kernel memory each; the system's own limit
// (net.core.wmem_max) may make it fewer, and a full inbox only means that the sender serves the
// connection itself.
constexpr int kInboxBytes = 4 * 1024 * 1024;

struct HandedWire {
  std::uint32_t magic;
  HandedConnection about;
};
constexpr std::uint32_t kHandedMagic = 0x50464844;
static_assert(std::is_trivially_copyable_v<HandedWire>);

// By whatever process, in whatever direction.
bool is_shut_down(int socket) {
  pollfd looked_at{socket, POLLRDHUP, 0};
  return ::poll(&looked_at, 1, 0) == 1 && (looked_at.revents & (POLLHUP | POLLRDHUP)) != 0;
}

// A worker trusts no sibling: a descriptor that blocks would hang it.
bool is_fit_to_serve(int socket) {
  int type = 0;
  socklen_t size = sizeof type;
  if (::getsockopt(socket, SOL_SOCKET, SO_TYPE, &type, &size) != 0 || type != SOCK_STREAM) {
    return false;
  }
  const int flags = ::fcntl(socket, F_GETFL);
  return (flags & O_NONBLOCK) != 0 || ::fcntl(socket, F_SETFL, flags | O_NONBLOCK) == 0;
}

union ControlBuffer {
  cmsghdr align;
  char bytes[CMSG_SPACE(sizeof(int))];
};

}  // namespace

Inboxes::Inboxes(std::uint32_t slots) {
  pairs_.reserve(slots);
  for (std::uint32_t i = 0; i < slots; ++i) {
    std::optional<Pair> pair = make_pair();
    if (!pair) {
      throw std::system_error(errno, std::generic_category(), "socketpair for a worker's inbox");
    }
    pairs_.push_back(std::move(*pair));
  }
}

Inboxes::Inboxes(const std::vector<int>& fds) {
  for (std::size_t i = 0; i + 1 < fds.size(); i += 2) {
    pairs_.push_back({OwnedFd(fds[i]), OwnedFd(fds[i + 1])});
  }
}

std::optional<Inboxes::Pair> Inboxes::make_pair() {
  int ends[2];
  if (::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, ends) != 0) {
    return std::nullopt;
  }
  // As much as we may have: the forced form needs a capability, the plain one is capped.
  if (::setsockopt(ends[0], SOL_SOCKET, SO_SNDBUFFORCE, &kInboxBytes, sizeof kInboxBytes) != 0) {
    ::setsockopt(ends[0], SOL_SOCKET, SO_SNDBUF, &kInboxBytes, sizeof kInboxBytes);
  }
  return Pair{OwnedFd(ends[0]), OwnedFd(ends[1])};
}

void Inboxes::renew_if_closed(std::uint32_t slot) {
  Pair& pair = pairs_[slot];
  if (!is_shut_down(pair.send.get()) && !is_shut_down(pair.receive.get())) {
    return;
  }
  if (std::optional<Pair> fresh = make_pair()) {
    pair = std::move(*fresh);
  }
}

HandResult Inboxes::hand_off(std::uint32_t slot, int socket, const HandedConnection& about) const {
  HandedWire wire{kHandedMagic, about};
  iovec data{&wire, sizeof wire};
  ControlBuffer control{};
  msghdr message{};
  message.msg_iov = &data;
  message.msg_iovlen = 1;
  message.msg_control = control.bytes;
  message.msg_controllen = sizeof control.bytes;
  cmsghdr* header = CMSG_FIRSTHDR(&message);
  header->cmsg_level = SOL_SOCKET;
  header->cmsg_type = SCM_RIGHTS;
  header->cmsg_len = CMSG_LEN(sizeof(int));
  std::memcpy(CMSG_DATA(header), &socket, sizeof socket);
  for (;;) {
    if (::sendmsg(pairs_[slot].send.get(), &message, MSG_NOSIGNAL | MSG_DONTWAIT) >= 0) {
      return HandResult::sent;
    }
    if (errno != EINTR) {
      return errno == EAGAIN ? HandResult::full : HandResult::failed;
    }
  }
}

std::optional<ReceivedConnection> Inboxes::take(std::uint32_t slot, TakeError& error) const {
  HandedWire wire{};
  iovec data{&wire, sizeof wire};
  ControlBuffer control{};
  msghdr message{};
  message.msg_iov = &data;
  message.msg_iovlen = 1;
  message.msg_control = control.bytes;
  // Not the whole buffer: its padding has room for a second descriptor, which nobody would close.
  message.msg_controllen = CMSG_LEN(sizeof(int));
  ssize_t size = 0;
  do {
    size = ::recvmsg(pairs_[slot].receive.get(), &message, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
  } while (size < 0 && errno == EINTR);
  if (size < 0) {
    error = TakeError::empty;
    return std::nullopt;
  }
  ReceivedConnection received;
  const cmsghdr* header = CMSG_FIRSTHDR(&message);
  if (header != nullptr && header->cmsg_level == SOL_SOCKET && header->cmsg_type == SCM_RIGHTS &&
      header->cmsg_len == CMSG_LEN(sizeof(int))) {
    int socket = -1;
    std::memcpy(&socket, CMSG_DATA(header), sizeof socket);
    received.socket.reset(socket);
  }
  if (size == 0 && is_shut_down(pairs_[slot].receive.get())) {
    error = TakeError::closed;
    return std::nullopt;
  }
  if (size != static_cast<ssize_t>(sizeof wire) || wire.magic != kHandedMagic ||
      !received.socket.valid() || !is_fit_to_serve(received.socket.get())) {
    error = TakeError::lost;
    return std::nullopt;
  }
  received.about = wire.about;
  return received;
}

void Inboxes::append_fds(std::vector<int>& fds) const {
  for (const Pair& pair : pairs_) {
    fds.push_back(pair.send.get());
    fds.push_back(pair.receive.get());
  }
}

}  // namespace prefork::ipc
