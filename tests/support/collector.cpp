#include "tests/support/collector.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cstdlib>
#include <string_view>

namespace prefork::test {

namespace {

// False: told to stop before anything came.
bool wait_for(const ipc::OwnedFd& fd, const ipc::OwnedFd& stop) {
  std::array<pollfd, 2> watched{{{fd.get(), POLLIN, 0}, {stop.get(), POLLIN, 0}}};
  ::poll(watched.data(), watched.size(), -1);
  return watched[1].revents == 0;
}

std::size_t content_length(const std::string& head) {
  constexpr std::string_view kName = "Content-Length: ";
  const std::size_t at = head.find(kName);
  return at == head.npos ? 0 : std::strtoul(head.c_str() + at + kName.size(), nullptr, 10);
}

}  // namespace

Collector::Collector() : listener_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  EXPECT_EQ(::bind(listener_.get(), reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
  EXPECT_EQ(::listen(listener_.get(), 16), 0);
  std::array<int, 2> pipe{};
  EXPECT_EQ(::pipe2(pipe.data(), O_CLOEXEC), 0);
  stop_read_ = ipc::OwnedFd(pipe[0]);
  stop_write_ = ipc::OwnedFd(pipe[1]);
  thread_ = std::thread([this] { serve(); });
}

Collector::~Collector() {
  stop_write_.reset();
  thread_.join();
}

std::string Collector::url() const {
  sockaddr_in address{};
  socklen_t size = sizeof address;
  ::getsockname(listener_.get(), reinterpret_cast<sockaddr*>(&address), &size);
  return "http://127.0.0.1:" + std::to_string(ntohs(address.sin_port)) + "/v1/traces";
}

std::vector<nlohmann::json> Collector::spans() const {
  const std::lock_guard lock(mutex_);
  return spans_;
}

bool Collector::wait_for_spans(std::size_t count, Milliseconds within) const {
  return wait_until([this, count] { return spans().size() >= count; }, within);
}

std::string Collector::last_head() const {
  const std::lock_guard lock(mutex_);
  return last_head_;
}

void Collector::serve() {
  while (wait_for(listener_, stop_read_)) {
    const ipc::OwnedFd socket(::accept4(listener_.get(), nullptr, nullptr, SOCK_CLOEXEC));
    if (socket.valid()) {
      ++connections_;
      serve_connection(socket);
    }
  }
}

void Collector::serve_connection(const ipc::OwnedFd& socket) {
  std::string received;
  while (take_request(received, socket)) {
    const int status = status_;
    const std::string answer = "HTTP/1.1 " + std::to_string(status) +
                               " Whatever\r\nContent-Type: application/json\r\n"
                               "Content-Length: 2\r\n\r\n{}";
    ++requests_;
    ::send(socket.get(), answer.data(), answer.size(), MSG_NOSIGNAL);
    if (closes_) {
      return;
    }
  }
}

// False: there are no more.
bool Collector::take_request(std::string& received, const ipc::OwnedFd& socket) {
  while (true) {
    const std::size_t head_end = received.find("\r\n\r\n");
    if (head_end != received.npos) {
      const std::string head = received.substr(0, head_end + 2);
      const std::size_t size = content_length(head);
      const std::size_t body = head_end + 4;
      if (received.size() >= body + size) {
        {
          const std::lock_guard lock(mutex_);
          last_head_ = head;
        }
        if (status_ == 200) {
          keep(received.substr(body, size));
        }
        received.erase(0, body + size);
        return true;
      }
    }
    std::array<char, 65536> room{};
    if (!wait_for(socket, stop_read_)) {
      return false;
    }
    const ssize_t got = ::recv(socket.get(), room.data(), room.size(), 0);
    if (got <= 0) {
      return false;
    }
    received.append(room.data(), static_cast<std::size_t>(got));
  }
}

void Collector::keep(const std::string& body) {
  const nlohmann::json json = nlohmann::json::parse(body, nullptr, false);
  if (json.is_discarded()) {
    ADD_FAILURE() << "this is no JSON: " << body;
    return;
  }
  const std::lock_guard lock(mutex_);
  for (const auto& resource : json.at("resourceSpans")) {
    const std::string service = attribute_of(resource.at("resource"), "service.name");
    for (const auto& scope : resource.at("scopeSpans")) {
      for (const auto& span : scope.at("spans")) {
        spans_.push_back({{"service", service}, {"span", span}});
      }
    }
  }
}

std::string attribute_of(const nlohmann::json& span, const std::string& key) {
  for (const auto& attribute : span.at("attributes")) {
    if (attribute.at("key") == key) {
      const nlohmann::json& value = *attribute.at("value").begin();
      return value.is_string() ? value.get<std::string>() : value.dump();
    }
  }
  return "none";
}

}  // namespace prefork::test
