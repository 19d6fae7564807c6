#include "workers/master/listening_socket.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <optional>
#include <utility>

#include "ipc/base/error_text.h"
#include "ipc/base/peer_address.h"
#include "ipc/base/tcp_limits.h"
#include "workers/child/process_limits.h"

namespace prefork::master {

namespace {

constexpr mode_t kUnixSocketMode = 0666;

ListenError error_for(int error, const config::Bind& bind, const std::string& option) {
  const std::string where = "cannot listen on " + bind.text() + ": ";
  switch (error) {
    case EADDRINUSE:
      return {config::ExitCode::address_in_use,
              where + "the address is in use; stop the other server or choose another " + option};
    case EACCES:
    case EPERM:
      return {config::ExitCode::no_permission_to_bind,
              where +
                  "no permission; ports below 1024 and foreign folders need rights "
                  "(CAP_NET_BIND_SERVICE, or another --port or --uds)"};
    case EADDRNOTAVAIL:
      return {config::ExitCode::cannot_bind,
              where + "this machine has no such address; check " +
                  (option == "--port" ? "--host or --bind" : option)};
    default:
      return {config::ExitCode::cannot_bind,
              where + std::string(ipc::error_text(error)) + child::remedy_for(error)};
  }
}

std::string url_of_address(const sockaddr_storage& address) {
  char text[INET6_ADDRSTRLEN] = "";
  if (address.ss_family == AF_INET) {
    const auto& ipv4 = reinterpret_cast<const sockaddr_in&>(address);
    ::inet_ntop(AF_INET, &ipv4.sin_addr, text, sizeof text);
    return std::string("http://") + text + ":" + std::to_string(ntohs(ipv4.sin_port));
  }
  if (address.ss_family == AF_INET6) {
    const auto& ipv6 = reinterpret_cast<const sockaddr_in6&>(address);
    ::inet_ntop(AF_INET6, &ipv6.sin6_addr, text, sizeof text);
    return std::string("http://[") + text + "]:" + std::to_string(ntohs(ipv6.sin6_port));
  }
  if (address.ss_family == AF_UNIX) {
    const auto& local = reinterpret_cast<const sockaddr_un&>(address);
    return std::string("unix:") + local.sun_path;
  }
  return "unknown address";
}

// Whether accept(2) waits is a flag of the socket, not of a process's descriptor (fcntl(2)): an
// application that takes it away in one worker takes it from all. They then wait for a moment and
// no longer, when somebody else was faster.
void bound_accept(int fd) {
  const timeval moment{0, 1'000};
  ::setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &moment, sizeof moment);
}

std::string url_of_socket(int fd) {
  sockaddr_storage address{};
  socklen_t size = sizeof address;
  ::getsockname(fd, reinterpret_cast<sockaddr*>(&address), &size);
  return url_of_address(address);
}

// What every TCP listening socket gets; the connections accepted from it inherit both.
void set_tcp_options(int fd, int family) {
  const int on = 1;
  ::setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  ::setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  ipc::limit_unsent(fd, ipc::kMaxUnsentBytes);
  if (family == AF_INET6) {
    // One family per socket, on every system alike: `--bind 0.0.0.0:80 --bind [::]:80` works.
    ::setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof on);
  }
}

config::Result<SharedSocket, ListenError> open_tcp(const addrinfo& address,
                                                   const config::Bind& bind, int backlog,
                                                   const std::string& option) {
  ipc::OwnedFd fd(::socket(address.ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  if (!fd.valid()) {
    return error_for(errno, bind, option);
  }
  set_tcp_options(fd.get(), address.ai_family);
  bound_accept(fd.get());
  if (::bind(fd.get(), address.ai_addr, address.ai_addrlen) != 0 ||
      ::listen(fd.get(), backlog) != 0) {
    return error_for(errno, bind, option);
  }
  std::string url = url_of_socket(fd.get());
  return std::make_shared<ListeningSocket>(std::move(fd), bind, std::move(url));
}

config::Result<std::vector<SharedSocket>, ListenError> open_tcp_all(const config::Bind& bind,
                                                                    int backlog,
                                                                    const std::string& option) {
  addrinfo hints{};
  hints.ai_family = AF_UNSPEC;
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = AI_PASSIVE | AI_NUMERICSERV;
  addrinfo* found = nullptr;
  const int problem =
      ::getaddrinfo(bind.host.c_str(), std::to_string(bind.port).c_str(), &hints, &found);
  if (problem != 0) {
    return ListenError{config::ExitCode::cannot_bind,
                       "cannot listen on " + bind.text() + ": the host name has no address (" +
                           ::gai_strerror(problem) + "); check --host"};
  }
  const std::unique_ptr<addrinfo, decltype(&::freeaddrinfo)> guard(found, &::freeaddrinfo);
  std::vector<SharedSocket> sockets;
  std::optional<ListenError> first_error;
  for (const addrinfo* address = found; address != nullptr; address = address->ai_next) {
    auto opened = open_tcp(*address, bind, backlog, option);
    if (opened.ok()) {
      sockets.push_back(std::move(opened).value());
      if (bind.port == 0) {
        break;  // a free port is one port, not one for each address of the name
      }
    } else if (!first_error) {
      first_error = opened.problem();
    }
  }
  // A name may have an address this machine cannot use (no IPv6, say); a taken port is an error.
  const bool tolerable = first_error && first_error->code == config::ExitCode::cannot_bind;
  if (sockets.empty() || (first_error && !tolerable)) {
    return *first_error;
  }
  return sockets;
}

// A socket file nobody listens on is what a killed server left behind. Anything else is in use.
config::Result<void, ListenError> remove_stale_socket(const sockaddr_un& address,
                                                      const config::Bind& bind,
                                                      const std::string& option) {
  struct stat file {};
  if (::lstat(bind.path.c_str(), &file) != 0) {
    return {};
  }
  if (!S_ISSOCK(file.st_mode)) {
    return ListenError{config::ExitCode::cannot_bind,
                       "cannot listen on " + bind.text() +
                           ": a file that is no socket is in the way; "
                           "remove it or choose another path"};
  }
  const ipc::OwnedFd probe(::socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  const bool refused =
      ::connect(probe.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0 &&
      errno == ECONNREFUSED;
  if (!refused) {
    return error_for(EADDRINUSE, bind, option);
  }
  if (::unlink(bind.path.c_str()) != 0 && errno != ENOENT) {
    return error_for(errno, bind, option);
  }
  return {};
}

config::Result<std::vector<SharedSocket>, ListenError> open_unix(const config::Bind& bind,
                                                                 int backlog,
                                                                 const std::string& option,
                                                                 std::optional<mode_t> mode) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (bind.path.size() >= sizeof address.sun_path) {
    return error_for(ENAMETOOLONG, bind, option);
  }
  std::memcpy(address.sun_path, bind.path.data(), bind.path.size());
  if (const auto removed = remove_stale_socket(address, bind, option); !removed.ok()) {
    return removed.problem();
  }
  ipc::OwnedFd fd(::socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  // The file gets the mode of the socket without the umask (unix(7)), so it never has more than it
  // shall have.
  if (!fd.valid() || ::fchmod(fd.get(), mode.value_or(kUnixSocketMode)) != 0 ||
      ::bind(fd.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
    return error_for(errno, bind, option);
  }
  bound_accept(fd.get());
  // From here on the object owns the file and removes it again on every path.
  auto socket = std::make_shared<ListeningSocket>(std::move(fd), bind, "unix:" + bind.path);
  if ((mode && ::chmod(bind.path.c_str(), *mode) != 0) || ::listen(socket->fd(), backlog) != 0) {
    return error_for(errno, bind, option);
  }
  return std::vector<SharedSocket>{std::move(socket)};
}

ListenError cannot_listen(const config::Bind& bind, std::string_view why) {
  return {config::ExitCode::cannot_bind,
          "cannot listen on " + bind.text() + ": " + std::string(why)};
}

config::Result<std::vector<SharedSocket>, ListenError> open_inherited(const config::Bind& bind) {
  if (auto fine = check_inherited(bind); !fine.ok()) {
    return fine.problem();
  }
  ipc::OwnedFd fd(::fcntl(bind.fd, F_DUPFD_CLOEXEC, 3));
  if (!fd.valid() || ::fcntl(fd.get(), F_SETFL, ::fcntl(fd.get(), F_GETFL) | O_NONBLOCK) != 0) {
    return cannot_listen(bind, ipc::error_text(errno));
  }
  std::string url = url_of_socket(fd.get());
  return std::vector<SharedSocket>{
      std::make_shared<ListeningSocket>(std::move(fd), bind, std::move(url))};
}

}  // namespace

config::Result<void, ListenError> check_inherited(const config::Bind& bind) {
  if (bind.kind != config::Bind::Kind::inherited_fd) {
    return {};
  }
  int listening = 0;
  socklen_t size = sizeof listening;
  if (::getsockopt(bind.fd, SOL_SOCKET, SO_ACCEPTCONN, &listening, &size) != 0) {
    return cannot_listen(bind,
                         "the descriptor is no open socket; pass one that the parent has opened");
  }
  if (listening == 0) {
    return cannot_listen(bind, "the socket does not listen; the parent has to call listen() on it");
  }
  return {};
}

ListeningSocket::ListeningSocket(ipc::OwnedFd fd, config::Bind bind, std::string url)
    : ListeningSocket(
          std::move(fd), bind, std::move(url),
          bind.kind == config::Bind::Kind::unix_path ? SocketFile::at(bind.path) : SocketFile()) {}

ListeningSocket::ListeningSocket(ipc::OwnedFd fd, config::Bind bind, std::string url,
                                 SocketFile file)
    : fd_(std::move(fd)),
      bind_(std::move(bind)),
      url_(std::move(url)),
      file_(std::move(file)),
      address_size_(sizeof address_) {
  ::getsockname(fd_.get(), reinterpret_cast<sockaddr*>(&address_), &address_size_);
}

ListeningSocket::~ListeningSocket() {
  // No worker serves it any more; what an application has forked would still keep it listening.
  if (fd_.valid() && bind_.kind != config::Bind::Kind::inherited_fd) {
    ::shutdown(fd_.get(), SHUT_RDWR);
  }
  close();
}

void ListeningSocket::stop_admitting() const {
  if (bind_.kind != config::Bind::Kind::tcp || !fd_.valid()) {
    return;
  }
  // A packet filter that drops everything: socket(7), SO_ATTACH_FILTER. Connections that are in the
  // queue already have none.
  sock_filter drop = BPF_STMT(BPF_RET | BPF_K, 0);
  const sock_fprog program{1, &drop};
  ::setsockopt(fd_.get(), SOL_SOCKET, SO_ATTACH_FILTER, &program, sizeof program);
}

void ListeningSocket::close() {
  if (!fd_.valid()) {
    return;
  }
  fd_.reset();
  file_.remove();
}

bool ListeningSocket::can_be_reached() const {
  return !is_shut_down() &&
         (bind_.kind != config::Bind::Kind::unix_path || file_.is_at(bind_.path));
}

bool ListeningSocket::is_shut_down() const {
  pollfd polled{fd_.get(), 0, 0};
  return ::poll(&polled, 1, 0) == 1 && (polled.revents & POLLHUP) != 0;
}

// A port that the kernel had chosen has been given back with the listening.
bool ListeningSocket::listen_again(int backlog) const {
  ::bind(fd_.get(), reinterpret_cast<const sockaddr*>(&address_), address_size_);
  return ::listen(fd_.get(), backlog) == 0 && !is_shut_down();
}

config::Result<std::vector<SharedSocket>, ListenError> open_listening_sockets(
    const config::Bind& bind, int backlog, const std::string& option,
    std::optional<mode_t> unix_mode) {
  switch (bind.kind) {
    case config::Bind::Kind::tcp:
      return open_tcp_all(bind, backlog, option);
    case config::Bind::Kind::unix_path:
      return open_unix(bind, backlog, option, unix_mode);
    case config::Bind::Kind::inherited_fd:
      return open_inherited(bind);
    case config::Bind::Kind::activated:
      break;  // known by its descriptor since the configuration was read
  }
  return ListenError{config::ExitCode::cannot_bind, "cannot listen on " + bind.text()};
}

}  // namespace prefork::master
