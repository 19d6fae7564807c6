// What the kernel may hold for a connection.
#pragma once

namespace prefork::ipc {

// Not sent yet (tcp(7): TCP_NOTSENT_LOWAT). The kernel would queue megabytes for a client that does
// not read. A thousand of those fill the memory that TCP has (tcp_mem), and then everybody's
// connections stall.
inline constexpr int kMaxUnsentBytes = 128 * 1024;

}  // namespace prefork::ipc
