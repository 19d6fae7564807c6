#include "server/net/proxy_protocol.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstring>

#include "server/http/address.h"

namespace prefork::net {
namespace {

using Family = ipc::PeerAddress::Family;
using Status = ProxyPreamble::Status;

constexpr std::string_view kTextSignature = "PROXY ";
constexpr std::string_view kBinarySignature("\r\n\r\n\0\r\nQUIT\n", 12);

ProxyPreamble need_more() { return {}; }

ProxyPreamble error(const char* problem) { return {Status::error, 0, std::nullopt, problem}; }

ProxyPreamble complete(std::size_t size, std::optional<ipc::PeerAddress> client) {
  return {Status::complete, size, client, nullptr};
}

bool may_become(std::string_view input, std::string_view signature) {
  const std::size_t size = std::min(input.size(), signature.size());
  return input.substr(0, size) == signature.substr(0, size);
}

// Version 1.

// Takes the word before the next space off the line, and the space.
std::string_view take_word(std::string_view& line) {
  const std::size_t size = std::min(line.find(' '), line.size());
  const std::string_view word = line.substr(0, size);
  line.remove_prefix(std::min(size + 1, line.size()));
  return word;
}

// `line` is what stands between the signature and the line end.
ProxyPreamble parse_line(std::string_view line, std::size_t size) {
  // The last number must be the end: a space behind it would vanish with its word.
  const bool ends_with_space = line.ends_with(' ');
  const std::string_view protocol = take_word(line);
  if (protocol == "UNKNOWN") {
    return complete(size, std::nullopt);
  }
  const bool is_ipv4 = protocol == "TCP4";
  if (!is_ipv4 && protocol != "TCP6") {
    return error("PROXY line with an unknown protocol");
  }
  const Family family = is_ipv4 ? Family::ipv4 : Family::ipv6;
  auto source = http::parse_address(take_word(line));
  const auto destination = http::parse_address(take_word(line));
  if (!source || source->family != family || !destination || destination->family != family) {
    return error("PROXY line with a bad address");
  }
  const auto source_port = http::parse_port_number(take_word(line));
  const auto destination_port = http::parse_port_number(take_word(line));
  if (!source_port || !destination_port || !line.empty() || ends_with_space) {
    return error("PROXY line with a bad port");
  }
  source->port = *source_port;
  return complete(size, source);
}

ProxyPreamble parse_text(std::string_view input) {
  const std::string_view line = input.substr(0, kMaxProxyLineBytes);
  const std::size_t end = line.find_first_of("\r\n");
  const bool is_at_limit = line.size() == kMaxProxyLineBytes;
  if (end == line.npos || (line[end] == '\r' && end + 1 == line.size())) {
    return is_at_limit ? error("PROXY line too long") : need_more();
  }
  if (line[end] != '\r' || line[end + 1] != '\n') {
    return error("PROXY line without CRLF");
  }
  return parse_line(line.substr(kTextSignature.size(), end - kTextSignature.size()), end + 2);
}

// Version 2.

enum class Command : unsigned { local = 0, proxy = 1 };
enum class BinaryFamily : unsigned { unspecified = 0, ipv4 = 1, ipv6 = 2, unix_socket = 3 };
constexpr unsigned kVersion = 2;
constexpr unsigned kTransportUnspecified = 0;
constexpr unsigned kTransportDatagram = 2;  // the largest; streams are 1

constexpr std::size_t kIpv4Bytes = 4;
constexpr std::size_t kIpv6Bytes = 16;
constexpr std::size_t kUnixBytes = 108;
constexpr std::size_t kPortBytes = 2;

unsigned byte_at(std::string_view input, std::size_t at) {
  return static_cast<unsigned char>(input[at]);
}

unsigned number_at(std::string_view input, std::size_t at) {
  return byte_at(input, at) << 8 | byte_at(input, at + 1);
}

// Both addresses and, where there are any, both ports.
std::size_t address_bytes(BinaryFamily family) {
  switch (family) {
    case BinaryFamily::ipv4:
      return 2 * (kIpv4Bytes + kPortBytes);
    case BinaryFamily::ipv6:
      return 2 * (kIpv6Bytes + kPortBytes);
    case BinaryFamily::unix_socket:
      return 2 * kUnixBytes;
    case BinaryFamily::unspecified:
      break;
  }
  return 0;
}

std::optional<ipc::PeerAddress> client_of(BinaryFamily family, std::string_view payload) {
  ipc::PeerAddress client;
  std::size_t size = 0;
  switch (family) {
    case BinaryFamily::unspecified:
      return std::nullopt;
    case BinaryFamily::unix_socket:
      client.family = Family::local;
      return client;
    case BinaryFamily::ipv4:
      client.family = Family::ipv4;
      size = kIpv4Bytes;
      break;
    case BinaryFamily::ipv6:
      client.family = Family::ipv6;
      size = kIpv6Bytes;
      break;
  }
  std::memcpy(client.bytes.data(), payload.data(), size);
  client.port = static_cast<std::uint16_t>(number_at(payload, 2 * size));
  return client;
}

// Each byte is judged as soon as it is there.
ProxyPreamble parse_binary(std::string_view input) {
  constexpr std::size_t kVersionAt = 12;
  constexpr std::size_t kFamilyAt = 13;
  constexpr std::size_t kLengthAt = 14;
  if (input.size() <= kVersionAt) {
    return need_more();
  }
  const unsigned version = byte_at(input, kVersionAt) >> 4;
  const auto command = static_cast<Command>(byte_at(input, kVersionAt) & 0xF);
  if (version != kVersion) {
    return error("PROXY preamble of an unknown version");
  }
  if (command != Command::local && command != Command::proxy) {
    return error("PROXY preamble with an unknown command");
  }
  if (input.size() <= kFamilyAt) {
    return need_more();
  }
  auto family = static_cast<BinaryFamily>(byte_at(input, kFamilyAt) >> 4);
  const unsigned transport = byte_at(input, kFamilyAt) & 0xF;
  if (command == Command::local) {
    family = BinaryFamily::unspecified;  // whatever it says
  } else if (family > BinaryFamily::unix_socket || transport > kTransportDatagram) {
    return error("PROXY preamble with an unknown address family");
  } else if (transport == kTransportUnspecified) {
    family = BinaryFamily::unspecified;
  }
  if (input.size() < kProxyHeadBytes) {
    return need_more();
  }
  const std::size_t payload_bytes = number_at(input, kLengthAt);
  if (payload_bytes > kMaxProxyPayloadBytes) {
    return error("PROXY preamble too long");
  }
  if (payload_bytes < address_bytes(family)) {
    return error("PROXY preamble shorter than its addresses");
  }
  const std::size_t size = kProxyHeadBytes + payload_bytes;
  if (input.size() < size) {
    return need_more();
  }
  return complete(size, client_of(family, input.substr(kProxyHeadBytes, payload_bytes)));
}

}  // namespace

ProxyPreamble parse_proxy_preamble(std::string_view input) {
  if (may_become(input, kTextSignature)) {
    return input.size() < kTextSignature.size() ? need_more() : parse_text(input);
  }
  if (may_become(input, kBinarySignature)) {
    return parse_binary(input);
  }
  return error("no PROXY preamble");
}

}  // namespace prefork::net
