#include "workers/selftest/exchange_client.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <utility>

#include "ipc/base/error_text.h"

namespace prefork::selftest {

namespace {

constexpr time_t kPatienceS = 15;  // for a byte; longer than a hung worker is tolerated
constexpr std::size_t kStreamBytes = 100'000;
constexpr std::size_t kContentBytes = 20'000;

std::string get(std::string_view path) {
  return "GET " + std::string(path) + " HTTP/1.1\r\nHost: selftest\r\n\r\n";
}

std::string stream_body() {
  std::string body;
  while (body.size() < kStreamBytes) {
    body += "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ+\n";
  }
  body.resize(kStreamBytes);
  return body;
}

std::string system_problem(const char* what) {
  return std::string(what) + ": " + std::string(ipc::error_text(errno));
}

// Of a field of the head, whose names are the server's own.
std::string_view value_of(std::string_view head, std::string_view name) {
  const std::size_t at = head.find(name);
  if (at == std::string_view::npos) {
    return {};
  }
  const std::string_view rest = head.substr(at + name.size());
  return rest.substr(0, rest.find("\r\n"));
}

}  // namespace

const KnownExchange& known_exchange(std::uint64_t number) {
  static const std::array kKnown = {
      KnownExchange{get("/plaintext"), "Hello, World!"},
      KnownExchange{get("/json"), R"({"message":"Hello, World!"})"},
      KnownExchange{get("/sleep?ms=3"), "slept 3 ms\n"},
      KnownExchange{
          "POST / HTTP/1.1\r\nHost: selftest\r\nContent-Length: " + std::to_string(kContentBytes) +
              "\r\n\r\n" + std::string(kContentBytes, 'c'),
          std::string(kContentBytes, 'c')},
      KnownExchange{get("/stream?bytes=" + std::to_string(kStreamBytes)), stream_body()},
  };
  return kKnown[number % kKnown.size()];
}

ExchangeClient::ExchangeClient(std::uint16_t port)
    : socket_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
  const timeval patience{kPatienceS, 0};
  ::setsockopt(socket_.get(), SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
  ::setsockopt(socket_.get(), SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
  const int on = 1;
  ::setsockopt(socket_.get(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (::connect(socket_.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
    problem_ = system_problem("cannot connect");
  }
}

std::string ExchangeClient::exchange(const KnownExchange& known) {
  std::string problem = problem_.empty() ? send(known.request) : problem_;
  if (problem.empty()) problem = read_until("\r\n\r\n");
  if (!problem.empty()) {
    return problem;
  }
  const std::size_t end = unread_.find("\r\n\r\n") + 4;
  const std::string head = std::exchange(unread_, unread_.substr(end)).substr(0, end);
  is_closed_by_server_ = value_of(head, "Connection: ") == "close";
  if (!head.starts_with("HTTP/1.1 200 ")) {
    return "answered with " + head.substr(0, head.find("\r\n"));
  }
  std::string body;
  if (!value_of(head, "Transfer-Encoding: ").empty()) {
    problem = read_chunks(body);
  } else {
    const std::string_view length = value_of(head, "Content-Length: ");
    std::size_t bytes = 0;
    std::from_chars(length.data(), length.data() + length.size(), bytes);
    problem = read_bytes(bytes);
    body = unread_.substr(0, bytes);
    unread_.erase(0, bytes);
  }
  if (!problem.empty()) {
    return "after its head: " + problem;
  }
  return body == known.body ? "" : "another body than was to be expected";
}

std::string ExchangeClient::send(std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t sent = ::send(socket_.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (sent < 0) {
      return system_problem("cannot send");
    }
    bytes.remove_prefix(static_cast<std::size_t>(sent));
  }
  return "";
}

std::string ExchangeClient::read_more() {
  std::array<char, 64 << 10> room;
  const ssize_t size = ::recv(socket_.get(), room.data(), room.size(), 0);
  if (size > 0) {
    unread_.append(room.data(), static_cast<std::size_t>(size));
    return "";
  }
  if (size == 0) {
    return "the connection ended";
  }
  return errno == EAGAIN ? "no answer in " + std::to_string(kPatienceS) + " s"
                         : system_problem("cannot receive");
}

std::string ExchangeClient::read_until(std::string_view mark) {
  std::string problem;
  while (problem.empty() && unread_.find(mark) == std::string::npos) {
    problem = read_more();
  }
  return problem;
}

std::string ExchangeClient::read_bytes(std::size_t count) {
  std::string problem;
  while (problem.empty() && unread_.size() < count) {
    problem = read_more();
  }
  return problem;
}

std::string ExchangeClient::read_chunks(std::string& body) {
  for (;;) {
    if (std::string problem = read_until("\r\n"); !problem.empty()) {
      return problem;
    }
    const std::size_t line = unread_.find("\r\n") + 2;
    std::size_t size = 0;
    std::from_chars(unread_.data(), unread_.data() + line, size, 16);
    if (std::string problem = read_bytes(line + size + 2); !problem.empty()) {
      return problem;
    }
    body.append(unread_, line, size);
    unread_.erase(0, line + size + 2);
    if (size == 0) {
      return "";
    }
  }
}

}  // namespace prefork::selftest
