#include "tests/support/http_client.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <cerrno>
#include <charconv>
#include <cstring>
#include <ostream>
#include <stdexcept>

namespace prefork::test {

namespace {

struct Address {
  sockaddr_storage bytes{};
  socklen_t size = 0;
};

Address address_of(const std::string& url) {
  Address address;
  if (url.starts_with("unix:")) {
    sockaddr_un local{};
    local.sun_family = AF_UNIX;
    url.copy(local.sun_path, sizeof local.sun_path - 1, std::strlen("unix:"));
    std::memcpy(&address.bytes, &local, sizeof local);
    address.size = sizeof local;
    return address;
  }
  const std::size_t host = std::strlen("http://");
  const std::size_t colon = url.rfind(':');
  if (!url.starts_with("http://") || colon < host) {
    throw std::invalid_argument("no address of a server: '" + url + "'");
  }
  sockaddr_in internet{};
  internet.sin_family = AF_INET;
  internet.sin_port = htons(static_cast<std::uint16_t>(std::stoi(url.substr(colon + 1))));
  ::inet_pton(AF_INET, url.substr(host, colon - host).c_str(), &internet.sin_addr);
  std::memcpy(&address.bytes, &internet, sizeof internet);
  address.size = sizeof internet;
  return address;
}

bool is_ready(int fd, short events, int timeout_ms) {
  pollfd watched{fd, events, 0};
  int ready = 0;
  do {
    ready = ::poll(&watched, 1, timeout_ms);
  } while (ready < 0 && errno == EINTR);
  return ready > 0;
}

bool equals_in_any_case(std::string_view left, std::string_view right) {
  return std::equal(left.begin(), left.end(), right.begin(), right.end(), [](char a, char b) {
    return std::tolower(static_cast<unsigned char>(a)) ==
           std::tolower(static_cast<unsigned char>(b));
  });
}

}  // namespace

std::optional<std::string> Reply::header(std::string_view name) const {
  std::string_view rest = head;
  while (!rest.empty()) {
    const std::size_t end = rest.find("\r\n");
    const std::string_view line = rest.substr(0, end);
    const std::size_t colon = line.find(':');
    if (colon != line.npos && equals_in_any_case(line.substr(0, colon), name)) {
      const std::size_t value = line.find_first_not_of(' ', colon + 1);
      return std::string(value == line.npos ? "" : line.substr(value));
    }
    rest.remove_prefix(end == rest.npos ? rest.size() : end + 2);
  }
  return std::nullopt;
}

bool Reply::says_close() const {
  const auto connection = header("Connection");
  return connection && equals_in_any_case(*connection, "close");
}

std::ostream& operator<<(std::ostream& stream, const Reply& reply) {
  if (reply.status == 0) {
    return stream << "no answer: " << reply.problem;
  }
  return stream << reply.head << "\n" << reply.body;
}

std::string get_request(std::string_view path) {
  return "GET " + std::string(path) + " HTTP/1.1\r\nHost: localhost\r\n\r\n";
}

Client::Client(const std::string& url, Milliseconds timeout, int receive_buffer_bytes)
    : timeout_(timeout) {
  const Address address = address_of(url);
  socket_.reset(::socket(address.bytes.ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0));
  if (receive_buffer_bytes != 0) {
    ::setsockopt(socket_.get(), SOL_SOCKET, SO_RCVBUF, &receive_buffer_bytes,
                 sizeof receive_buffer_bytes);
  }
  // Waits for the connection, and at a Unix socket for room in the queue of the listening one.
  const timeval patience{timeout.count() / 1000, timeout.count() % 1000 * 1000};
  ::setsockopt(socket_.get(), SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
  int error = 0;
  if (::connect(socket_.get(), reinterpret_cast<const sockaddr*>(&address.bytes), address.size) !=
      0) {
    // The first two say that the time is over.
    error = errno == EINPROGRESS || errno == EAGAIN ? ETIMEDOUT : errno;
  }
  ::fcntl(socket_.get(), F_SETFL, O_NONBLOCK);
  if (error != 0) {
    problem_ = "cannot connect to " + url + ": " + std::strerror(error);
    socket_.reset();
  }
}

std::string Client::own_address() const {
  sockaddr_in address{};
  socklen_t size = sizeof address;
  ::getsockname(socket_.get(), reinterpret_cast<sockaddr*>(&address), &size);
  std::array<char, INET_ADDRSTRLEN> text{};
  ::inet_ntop(AF_INET, &address.sin_addr, text.data(), text.size());
  return std::string(text.data()) + ":" + std::to_string(ntohs(address.sin_port));
}

bool Client::send(std::string_view bytes) {
  if (!is_connected()) {
    return false;
  }
  if (send_some(bytes, timeout_) == bytes.size()) {
    return true;
  }
  if (problem_.empty()) {
    problem_ = "the server did not take the request in time";
  }
  return false;
}

std::size_t Client::send_some(std::string_view bytes, Milliseconds within) {
  const Deadline deadline(within);
  std::size_t sent = 0;
  while (sent < bytes.size()) {
    const ssize_t size =
        ::send(socket_.get(), bytes.data() + sent, bytes.size() - sent, MSG_NOSIGNAL);
    if (size >= 0) {
      sent += static_cast<std::size_t>(size);
    } else if (errno != EAGAIN && errno != EINTR) {
      problem_ = std::string("cannot send: ") + std::strerror(errno);
      break;
    } else if (!is_ready(socket_.get(), POLLOUT, deadline.left_ms())) {
      break;
    }
  }
  return sent;
}

bool Client::read_more(const Deadline& deadline) {
  std::array<char, 65536> room;
  for (;;) {
    const ssize_t size = ::recv(socket_.get(), room.data(), room.size(), 0);
    if (size > 0) {
      received_.append(room.data(), static_cast<std::size_t>(size));
      return true;
    }
    if (size == 0) {
      ended_ = true;
      return false;
    }
    if (errno != EAGAIN && errno != EINTR) {
      problem_ = std::string("cannot receive: ") + std::strerror(errno);
      return false;
    }
    if (!is_ready(socket_.get(), POLLIN, deadline.left_ms())) {
      problem_ = "nothing came in time";
      return false;
    }
  }
}

Reply Client::receive() { return receive(true); }
Reply Client::receive_without_body() { return receive(false); }

Reply Client::receive(bool with_body) {
  Reply reply;
  const auto fail = [&](const std::string& what) {
    reply = Reply{};
    reply.problem = problem_.empty() ? what : problem_;
    return reply;
  };
  if (!is_connected()) {
    return fail("not connected");
  }
  const Deadline deadline(timeout_);
  std::size_t head_end = 0;
  while ((head_end = received_.find("\r\n\r\n")) == std::string::npos) {
    if (!read_more(deadline)) {
      return fail(received_.empty() ? "the server closed the connection without an answer"
                                    : "the server closed the connection within a head");
    }
  }
  reply.head = received_.substr(0, head_end + 2);
  received_.erase(0, head_end + 4);
  if (!reply.head.starts_with("HTTP/1.1 ") || reply.head.size() < 12) {
    return fail("not an answer: " + reply.head);
  }
  const char* digits = reply.head.data() + 9;
  std::from_chars(digits, digits + 3, reply.status);
  std::size_t length = 0;
  if (const auto text = reply.header("Content-Length"); text && with_body) {
    std::from_chars(text->data(), text->data() + text->size(), length);
  }
  while (received_.size() < length) {
    if (!read_more(deadline)) {
      return fail("the server closed the connection within a body");
    }
  }
  reply.body = received_.substr(0, length);
  received_.erase(0, length);
  return reply;
}

Reply Client::get(std::string_view path) {
  if (!send(get_request(path))) {
    Reply reply;
    reply.problem = problem_;
    return reply;
  }
  return receive();
}

std::string Client::receive_to_the_end(Milliseconds within) {
  const Deadline deadline(within);
  while (is_connected() && !ended_ && read_more(deadline)) {
  }
  return std::exchange(received_, {});
}

std::string Client::receive_some(Milliseconds within) {
  if (received_.empty() && is_connected() && !ended_) {
    read_more(Deadline(within));
  }
  return std::exchange(received_, {});
}

bool Client::receive_until(std::string_view text, std::string& received, Milliseconds within) {
  const Deadline deadline(within);
  while (received.find(text) == std::string::npos) {
    const std::string more = receive_some(Milliseconds{deadline.left_ms()});
    if (more.empty()) {
      return false;
    }
    received.append(more);
  }
  return true;
}

bool Client::is_readable_within(Milliseconds within) const {
  return !received_.empty() || is_ready(socket_.get(), POLLIN, static_cast<int>(within.count()));
}

void Client::abort() {
  const linger at_once{1, 0};
  ::setsockopt(socket_.get(), SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
  close();
}

Reply get(const std::string& url, std::string_view path, Milliseconds timeout) {
  Client client(url, timeout);
  client.send("GET " + std::string(path) +
              " HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
  return client.receive();
}

}  // namespace prefork::test
