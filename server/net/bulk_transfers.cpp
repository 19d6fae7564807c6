#include "server/net/bulk_transfers.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include "ipc/base/tcp_limits.h"

namespace prefork::net {

namespace {

// Zero stands for the machine's limit (net.ipv4.tcp_notsent_lowat), which is none by default.
constexpr int kMachinesLimit = 0;

bool set_unsent(int socket, int bytes) {
  return ::setsockopt(socket, IPPROTO_TCP, TCP_NOTSENT_LOWAT, &bytes, sizeof bytes) == 0;
}

}  // namespace

bool BulkTransfers::begin(int socket) {
  if (under_way_ == kMost || !set_unsent(socket, kMachinesLimit)) {
    return false;
  }
  ++under_way_;
  return true;
}

void BulkTransfers::end(int socket) {
  set_unsent(socket, ipc::kMaxUnsentBytes);
  --under_way_;
}

}  // namespace prefork::net
