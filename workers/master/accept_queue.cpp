#include "workers/master/accept_queue.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

namespace prefork::master {

AcceptQueue look_at_accept_queues(const std::vector<SharedSocket>& sockets) {
  AcceptQueue all;
  for (const SharedSocket& socket : sockets) {
    tcp_info info{};
    socklen_t size = sizeof info;
    if (::getsockopt(socket->fd(), IPPROTO_TCP, TCP_INFO, &info, &size) == 0 &&
        info.tcpi_state == TCP_LISTEN) {
      // Of a listening socket these two are the length and the limit of its queue.
      all.length += info.tcpi_unacked;
      all.limit += info.tcpi_sacked;
    }
  }
  return all;
}

}  // namespace prefork::master
