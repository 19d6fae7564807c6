#include "server/net/bulk_transfers.h"

#include "ipc/base/tcp_limits.h"

namespace prefork::net {

bool BulkTransfers::begin(int socket) {
  if (under_way_ == kMost || !ipc::limit_unsent(socket, 0)) {
    return false;
  }
  ++under_way_;
  return true;
}

void BulkTransfers::end(int socket) {
  ipc::limit_unsent(socket, ipc::kMaxUnsentBytes);
  --under_way_;
}

}  // namespace prefork::net
