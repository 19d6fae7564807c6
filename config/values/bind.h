// An address to listen on: a TCP host and port, a Unix socket path, or a descriptor inherited from
// whoever started the program, by its number or by the name that systemd has for it; and whether
// connections to it begin with a PROXY preamble. A plain value; parsing it opens and resolves
// nothing (a host name is resolved by the master when it binds).
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "config/base/result.h"

namespace prefork::config {

struct Bind {
  enum class Kind { tcp, unix_path, inherited_fd, activated };

  Kind kind = Kind::tcp;
  std::string host;        // tcp: an IP literal without brackets, or a name
  std::uint16_t port = 0;  // tcp: 0 takes a free port
  std::string path;        // unix_path: fits into sockaddr_un
  int fd = -1;             // inherited_fd
  bool proxy_protocol = false;
  std::string name;  // activated: until it is known which descriptor that is

  static Bind tcp(std::string host, std::uint16_t port);
  static Bind unix_path(std::string path);
  static Bind inherited_fd(int fd);
  static Bind activated(std::string name);

  // The address alone: `127.0.0.1:8000`, `[::1]:8000`, `unix:/path`, `fd://3`,
  // `systemd:web`.
  std::string address() const;
  // The form that parse_bind() accepts: the address, with `,proxy-protocol` where that is expected.
  std::string text() const;

  bool operator==(const Bind&) const = default;
};

inline constexpr std::string_view kProxyProtocolSuffix = ",proxy-protocol";

Result<Bind> parse_bind(std::string_view text);

// A host by itself. `[::1]` and `::1` are the same; IPv6 comes back in its shortest form.
Result<std::string> parse_host(std::string_view text);

Result<std::uint16_t> parse_port(std::string_view text);

// A path that a Unix socket can have.
Result<std::string> parse_unix_path(std::string_view text);

// The number of a descriptor; whether it is open is another question.
Result<int> parse_descriptor(std::string_view text);

}  // namespace prefork::config
