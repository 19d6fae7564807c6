#include "config/values/bind.h"

#include <arpa/inet.h>
#include <sys/un.h>

#include <algorithm>
#include <array>
#include <utility>

#include "config/base/config_error.h"
#include "config/base/number.h"

namespace prefork::config {
namespace {

constexpr const char* kBindForms = "use host:port, [::1]:8000, :8000, unix:/path or fd://3";

// The path ends with a zero byte inside sun_path.
constexpr std::size_t kLongestUnixPath = sizeof(sockaddr_un::sun_path) - 1;
constexpr std::int64_t kLargestPort = 65'535;
// The kernel's own ceiling of fs.nr_open is higher, but nobody hands down such a descriptor.
constexpr std::int64_t kLargestDescriptor = 1'048'575;

bool is_name_character(char byte) {
  return (byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z') ||
         (byte >= '0' && byte <= '9') || byte == '-' || byte == '.' || byte == '_';
}

bool is_host_name(std::string_view text) {
  return !text.empty() && std::all_of(text.begin(), text.end(), is_name_character);
}

Result<std::string> parse_ipv6(std::string_view host) {
  // A link-local address carries its interface: fe80::1%eth0.
  const std::size_t percent = host.find('%');
  const std::string_view scope = percent == host.npos ? "" : host.substr(percent);
  const std::string literal(host.substr(0, percent));
  const bool scope_is_fine = scope.empty() || is_host_name(scope.substr(1));
  in6_addr address{};
  if (!scope_is_fine || inet_pton(AF_INET6, literal.c_str(), &address) != 1) {
    return Problem{in_quotes(host) + " is not an IPv6 address"};
  }
  std::array<char, INET6_ADDRSTRLEN> shortest{};
  inet_ntop(AF_INET6, &address, shortest.data(), static_cast<socklen_t>(shortest.size()));
  return std::string(shortest.data()).append(scope);
}

Result<std::string> parse_name_or_ipv4(std::string_view host) {
  if (host == "*") return Problem{"'*' is not a host; use 0.0.0.0 or ::"};
  if (!is_host_name(host)) return Problem{in_quotes(host) + " is not a host name or an IP address"};
  std::string name(host);
  const bool looks_like_ipv4 = host.find_first_not_of("0123456789.") == host.npos;
  in_addr address{};
  if (looks_like_ipv4 && inet_pton(AF_INET, name.c_str(), &address) != 1) {
    return Problem{in_quotes(host) + " is not an IPv4 address; use four numbers as in 127.0.0.1"};
  }
  return name;
}

Result<Bind> parse_inherited_fd(std::string_view number) {
  auto fd = parse_descriptor(number);
  if (!fd.ok()) return fd.problem();
  return Bind::inherited_fd(fd.value());
}

// What FileDescriptorName= may be (systemd.socket(5)).
Result<Bind> parse_activated(std::string_view name) {
  const bool is_fine =
      !name.empty() && name.size() <= 255 && std::all_of(name.begin(), name.end(), [](char byte) {
        return byte > ' ' && byte < 0x7f && byte != ':' && byte != ',';
      });
  if (!is_fine) {
    return Problem{in_quotes(name) +
                   " is not the name of a socket; use systemd:NAME with its FileDescriptorName="};
  }
  return Bind::activated(std::string(name));
}

Result<Bind> parse_unix_bind(std::string_view path) {
  // unix:///run/x.sock is the same address written as a URL, but unix://run/x.sock has a host.
  if (path.starts_with("///")) {
    path.remove_prefix(2);
  } else if (path.starts_with("//")) {
    return Problem{"the path follows 'unix:' at once; use unix:" + printable(path.substr(1))};
  }
  auto parsed = parse_unix_path(path);
  if (!parsed.ok()) return parsed.problem();
  return Bind::unix_path(std::move(parsed).value());
}

Result<Bind> parse_tcp_bind(std::string_view text) {
  const std::size_t colon = text.rfind(':');
  if (colon == text.npos || text.find(']', colon) != text.npos) {
    return Problem{in_quotes(text) + " has no port; " + kBindForms};
  }
  const std::string_view host_text = text.substr(0, colon);
  if (host_text.find(':') != host_text.npos && !host_text.starts_with('[')) {
    return Problem{in_quotes(text) +
                   " has too many colons; an IPv6 address needs brackets, as in "
                   "[::1]:8000"};
  }
  const std::string_view port_text = text.substr(colon + 1);
  if (const std::size_t comma = port_text.find(','); comma != port_text.npos) {
    return Problem{in_quotes(text) + " has " + in_quotes(port_text.substr(comma)) +
                   " behind its port; only '" + std::string(kProxyProtocolSuffix) +
                   "' may stand there"};
  }
  auto port = parse_port(port_text);
  if (!port.ok()) {
    return Problem{in_quotes(text) + ": port " + port.problem().text};
  }
  // As in Gunicorn and nginx, no host means every IPv4 address.
  if (host_text.empty()) return Bind::tcp("0.0.0.0", port.value());
  auto host = parse_host(host_text);
  if (!host.ok()) return host.problem();
  return Bind::tcp(std::move(host).value(), port.value());
}

Result<Bind> parse_address(std::string_view text) {
  constexpr std::string_view kUnix = "unix:";
  constexpr std::string_view kFd = "fd://";
  constexpr std::string_view kSystemd = "systemd:";
  if (text.starts_with(kUnix)) return parse_unix_bind(text.substr(kUnix.size()));
  if (text.starts_with(kFd)) return parse_inherited_fd(text.substr(kFd.size()));
  // A host of that name would have a port behind it.
  if (text.starts_with(kSystemd) && !parse_number(text.substr(kSystemd.size()))) {
    return parse_activated(text.substr(kSystemd.size()));
  }
  if (text.find("//") != text.npos || text.starts_with('/')) {
    return Problem{in_quotes(text) + " is not an address; " + kBindForms};
  }
  return parse_tcp_bind(text);
}

}  // namespace

Bind Bind::tcp(std::string host, std::uint16_t port) {
  Bind bind;
  bind.kind = Kind::tcp;
  bind.host = std::move(host);
  bind.port = port;
  return bind;
}

Bind Bind::unix_path(std::string path) {
  Bind bind;
  bind.kind = Kind::unix_path;
  bind.path = std::move(path);
  return bind;
}

Bind Bind::inherited_fd(int fd) {
  Bind bind;
  bind.kind = Kind::inherited_fd;
  bind.fd = fd;
  return bind;
}

Bind Bind::activated(std::string name) {
  Bind bind;
  bind.kind = Kind::activated;
  bind.name = std::move(name);
  return bind;
}

std::string Bind::address() const {
  switch (kind) {
    case Kind::unix_path:
      return "unix:" + path;
    case Kind::inherited_fd:
      return "fd://" + std::to_string(fd);
    case Kind::activated:
      return "systemd:" + name;
    case Kind::tcp:
      break;
  }
  const bool is_ipv6 = host.find(':') != host.npos;
  return (is_ipv6 ? "[" + host + "]" : host) + ":" + std::to_string(port);
}

std::string Bind::text() const {
  return address() + std::string(proxy_protocol ? kProxyProtocolSuffix : "");
}

Result<Bind> parse_bind(std::string_view text) {
  if (!text.ends_with(kProxyProtocolSuffix)) return parse_address(text);
  text.remove_suffix(kProxyProtocolSuffix.size());
  auto parsed = parse_address(text);
  if (parsed.ok()) parsed.value().proxy_protocol = true;
  return parsed;
}

Result<std::string> parse_host(std::string_view text) {
  if (text.starts_with('[') && text.ends_with(']')) {
    return parse_ipv6(text.substr(1, text.size() - 2));
  }
  if (text.starts_with('[') || text.ends_with(']')) {
    return Problem{in_quotes(text) + " has one bracket; write an IPv6 address as [::1]"};
  }
  const auto colons = std::count(text.begin(), text.end(), ':');
  if (colons == 1) {
    return Problem{in_quotes(text) + " is more than a host; the port has an option of its own"};
  }
  return colons > 1 ? parse_ipv6(text) : parse_name_or_ipv4(text);
}

Result<std::uint16_t> parse_port(std::string_view text) {
  const auto port = parse_number(text);
  if (!port) return Problem{in_quotes(text) + " is not a number; use 0 to 65535"};
  if (*port < 0 || *port > kLargestPort) {
    return Problem{printable(text) + " is out of range; use 0 to 65535"};
  }
  return static_cast<std::uint16_t>(*port);
}

Result<std::string> parse_unix_path(std::string_view text) {
  if (text.empty()) return Problem{"the path is empty; use a path as in /run/app.sock"};
  if (text.starts_with('@')) {
    return Problem{in_quotes(text) +
                   " would be an abstract socket, which has no permissions; use a "
                   "path"};
  }
  if (text.size() > kLongestUnixPath) {
    return Problem{in_quotes(text) + " has " + std::to_string(text.size()) +
                   " bytes; a Unix socket path has at most " + std::to_string(kLongestUnixPath)};
  }
  return std::string(text);
}

Result<int> parse_descriptor(std::string_view text) {
  const auto fd = parse_number(text);
  if (!fd) return Problem{in_quotes(text) + " is not a descriptor number; use one as in 3"};
  if (*fd < 0 || *fd > kLargestDescriptor) {
    return Problem{printable(text) + " is out of range; use 0 to " +
                   std::to_string(kLargestDescriptor)};
  }
  return static_cast<int>(*fd);
}

}  // namespace prefork::config
