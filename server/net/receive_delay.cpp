#include "server/net/receive_delay.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include <cstddef>

namespace prefork::net {

void ReceiveDelay::ask(int socket) {
  reads_ = 0;
  tcp_info info{};
  // Up to what is wanted: the kernel copies no more.
  socklen_t size = offsetof(tcp_info, tcpi_last_data_recv) + sizeof info.tcpi_last_data_recv;
  if (::getsockopt(socket, IPPROTO_TCP, TCP_INFO, &info, &size) == 0 &&
      size > offsetof(tcp_info, tcpi_last_data_recv)) {
    latest_ = info.tcpi_last_data_recv;
    delays_.record(std::uint64_t{*latest_} * 1000);
  }
}

}  // namespace prefork::net
