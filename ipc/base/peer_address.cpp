#include "ipc/base/peer_address.h"

#include <arpa/inet.h>

#include <charconv>
#include <tuple>

namespace prefork::ipc {

namespace {

// inet_ntop(3) takes as long as the rest of a log line.
std::string_view write_ipv4(const PeerAddress& peer, PeerText& room) {
  char* end = room.data();
  for (std::size_t i = 0; i < 4; ++i) {
    if (i != 0) {
      *end++ = '.';
    }
    end = std::to_chars(end, room.data() + room.size(), unsigned{peer.bytes[i]}).ptr;
  }
  return {room.data(), static_cast<std::size_t>(end - room.data())};
}

}  // namespace

std::string_view write_host(const PeerAddress& peer, PeerText& room) {
  static_assert(std::tuple_size_v<PeerText> >= INET6_ADDRSTRLEN);
  switch (peer.family) {
    case PeerAddress::Family::ipv4:
      return write_ipv4(peer, room);
    case PeerAddress::Family::ipv6:
      return ::inet_ntop(AF_INET6, peer.bytes.data(), room.data(), INET6_ADDRSTRLEN);
    case PeerAddress::Family::local:
      return "unix";
    case PeerAddress::Family::unknown:
      break;
  }
  return "unknown";
}

std::string host_of(const PeerAddress& peer) {
  PeerText room;
  return std::string(write_host(peer, room));
}

std::string_view write_text(const PeerAddress& peer, PeerText& room) {
  // An address without its final zero, brackets, a colon and a port.
  static_assert(std::tuple_size_v<PeerText> >= INET6_ADDRSTRLEN - 1 + 2 + 1 + 5);
  PeerText host_room;
  const std::string_view host = write_host(peer, host_room);
  const bool is_ipv6 = peer.family == PeerAddress::Family::ipv6;
  char* end = room.data();
  const auto append = [&end](std::string_view text) { end += text.copy(end, text.size()); };
  append(is_ipv6 ? "[" : "");
  append(host);
  append(is_ipv6 ? "]" : "");
  if (is_ipv6 || peer.family == PeerAddress::Family::ipv4) {
    append(":");
    end = std::to_chars(end, room.data() + room.size(), peer.port).ptr;
  }
  return {room.data(), static_cast<std::size_t>(end - room.data())};
}

std::string to_string(const PeerAddress& peer) {
  PeerText room;
  return std::string(write_text(peer, room));
}

}  // namespace prefork::ipc
