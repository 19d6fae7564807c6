// What the kernel may hold for a connection.
#pragma once

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

namespace prefork::ipc {

// Not sent yet (tcp(7): TCP_NOTSENT_LOWAT). The kernel would queue megabytes for a client that does
// not read. A thousand of those fill the memory that TCP has (tcp_mem), and then everybody's
// connections stall.
inline constexpr int kMaxUnsentBytes = 128 * 1024;

// Of a TCP socket, and of those accepted from it later; 0: the machine's limit
// (net.ipv4.tcp_notsent_lowat), which is none by default. False: it is no TCP socket.
inline bool limit_unsent(int socket, int bytes) {
  return ::setsockopt(socket, IPPROTO_TCP, TCP_NOTSENT_LOWAT, &bytes, sizeof bytes) == 0;
}

}  // namespace prefork::ipc
