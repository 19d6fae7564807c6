#include "server/net/socket_transport.h"

#include <poll.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <sys/uio.h>

#include <algorithm>
#include <array>
#include <cerrno>

#include "ipc/base/forked.h"
#include "ipc/base/plain_calls.h"

namespace prefork::net {

namespace {

// A call that sends, again when a signal interrupted it.
template <typename Call>
IoResult retried(const Call& call) {
  for (;;) {
    const ssize_t size = call();
    if (size >= 0) {
      return {IoStatus::done, static_cast<std::size_t>(size), false};
    }
    if (errno != EINTR) {
      return {errno == EAGAIN ? IoStatus::want_write : IoStatus::reset, 0, false};
    }
  }
}

}  // namespace

IoResult receive(int socket, char* bytes, std::size_t capacity) {
  for (;;) {
    const ssize_t size = ipc::plain_recv(socket, bytes, capacity);
    if (size > 0) {
      // A short read has emptied the socket (epoll(7)).
      const auto received = static_cast<std::size_t>(size);
      return {IoStatus::done, received, received < capacity};
    }
    if (size == 0) {
      return {IoStatus::end, 0, true};
    }
    if (errno != EINTR) {
      return {errno == EAGAIN ? IoStatus::want_read : IoStatus::reset, 0, true};
    }
  }
}

IoResult SocketTransport::write(std::string_view bytes) {
  return retried(
      [&] { return ipc::plain_send(fd_.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL); });
}

IoResult SocketTransport::write_before_more(std::string_view bytes) {
  return retried([&] {
    return ipc::plain_send(fd_.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL | MSG_MORE);
  });
}

IoResult SocketTransport::write(std::string_view first, std::string_view second) {
  std::array<iovec, 2> pieces = {{{const_cast<char*>(first.data()), first.size()},
                                  {const_cast<char*>(second.data()), second.size()}}};
  msghdr message{};
  message.msg_iov = pieces.data();
  message.msg_iovlen = pieces.size();
  return retried([&] { return ::sendmsg(fd_.get(), &message, MSG_NOSIGNAL); });
}

IoResult SocketTransport::send_file(int file, std::uint64_t offset, std::uint64_t size) {
  // sendfile(2) moves no more than this at once, whatever is asked for.
  constexpr std::uint64_t kMaxAtOnce = 0x7ffff000;
  const auto amount = static_cast<std::size_t>(std::min(size, kMaxAtOnce));
  IoResult result = retried([&] {
    auto from = static_cast<off_t>(offset);
    return ::sendfile(fd_.get(), file, &from, amount);
  });
  // Asking once more only to be told so would be half of the calls that a large file takes.
  result.filled = result.status == IoStatus::done && result.size < amount;
  if (result.status == IoStatus::done && result.size == 0) {
    return {IoStatus::end, 0, false};
  }
  // The call does not say whose error it was. A socket is dead after one.
  return result.status == IoStatus::reset && !is_dead() ? IoResult{IoStatus::unreadable, 0, false}
                                                        : result;
}

bool SocketTransport::is_dead() const {
  pollfd socket{fd_.get(), 0, 0};
  return ::poll(&socket, 1, 0) == 1 && (socket.revents & (POLLERR | POLLHUP)) != 0;
}

void SocketTransport::close() {
  if (fd_.valid() && ipc::has_forked.load(std::memory_order_relaxed)) {
    ::shutdown(fd_.get(), SHUT_RDWR);
  }
  fd_.reset();
}

void SocketTransport::abort() {
  if (ipc::has_forked.load(std::memory_order_relaxed)) {
    // Without waiting for the last copy to be closed (connect(2): AF_UNSPEC dissolves it).
    sockaddr nobody{};
    nobody.sa_family = AF_UNSPEC;
    ::connect(fd_.get(), &nobody, sizeof nobody);
  }
  // A close with a linger time of zero sends RST instead of FIN (socket(7), tcp(7)).
  const linger at_once{1, 0};
  ::setsockopt(fd_.get(), SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
  close();
}

void SocketTransport::finish_writing() { ::shutdown(fd_.get(), SHUT_WR); }

}  // namespace prefork::net
