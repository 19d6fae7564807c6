// Where a TestClient's connections lead: to a server within this program, or to one at a URL. For
// the layer above. Any thread.
#pragma once

#include <netdb.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <chrono>
#include <cstddef>
#include <cstring>
#include <exception>
#include <functional>
#include <memory>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <prefork/abi.h>
#include <prefork/test/server.h>
#include <prefork/test/connection.hpp>

namespace prefork {
inline namespace v1 {
namespace detail {

class TestServer {
 public:
  TestServer() = default;
  virtual ~TestServer() = default;
  TestServer(const TestServer&) = delete;
  TestServer& operator=(const TestServer&) = delete;

  // A connected stream socket, the caller's. Throws TestFailure.
  virtual int connect() = 0;
  // For Host.
  [[nodiscard]] virtual std::string host() const { return "localhost"; }
  // Of its log, behind the first `offset` bytes; empty where it cannot be read.
  virtual std::string read_log(std::size_t, std::chrono::milliseconds) { return {}; }
};

class ServerInProgram : public TestServer {
 public:
  // Like prefork_load.
  using Load = std::function<int(const prefork_api* api, prefork_app* app)>;

  // See prefork_test_setup. Throws std::runtime_error with the reason.
  ServerInProgram(Load load, const std::string& target, const std::vector<std::string>& arguments) {
    std::vector<prefork_text> texts;
    for (const std::string& argument : arguments) {
      texts.push_back({argument.data(), argument.size()});
    }
    prefork_test_setup setup{};
    setup.size = sizeof setup;
    if (load) {
      setup.load = [](void* user_data, const prefork_api* api, prefork_app* app) {
        return (*static_cast<const Load*>(user_data))(api, app);
      };
      setup.user_data = &load;
    }
    setup.target = {target.data(), target.size()};
    setup.arguments = texts.data();
    setup.argument_count = texts.size();
    std::array<char, 4096> problem{};
    test_ = prefork_test_start(&setup, problem.data(), problem.size());
    if (test_ == nullptr) {
      throw std::runtime_error(problem.data());
    }
  }
  ~ServerInProgram() override { prefork_test_stop(test_); }

  int connect() override {
    const int socket = prefork_test_connect(test_);
    if (socket < 0) {
      throw TestFailure("cannot connect: " + std::string(std::strerror(errno)));
    }
    return socket;
  }
  std::string read_log(std::size_t offset, std::chrono::milliseconds patience) override {
    std::string text;
    std::array<char, 4096> room;
    std::size_t got = 0;
    do {
      got = prefork_test_read_log(test_, offset + text.size(), room.data(), room.size(),
                                  text.empty() ? static_cast<std::uint64_t>(patience.count()) : 0);
      text.append(room.data(), got);
    } while (got == room.size());
    return text;
  }

 private:
  prefork_test* test_;
};

// "http://127.0.0.1:8000", "http://[::1]:8000", "http://localhost", or "unix:/run/shop.sock".
class ServerAtUrl : public TestServer {
 public:
  static bool is_url(std::string_view text) {
    return text.starts_with("http://") || text.starts_with("unix:");
  }

  // Throws TestFailure when it cannot be read. Connects to nobody yet.
  explicit ServerAtUrl(std::string_view url) {
    if (url.starts_with("unix:")) {
      path_ = url.substr(5);
      host_ = "localhost";
      return;
    }
    url.remove_prefix(std::string_view("http://").size());
    host_ = url.substr(0, url.find('/'));
    if (host_.empty() || url.size() > host_.size() + 1) {
      throw TestFailure("a URL is http://HOST:PORT, without a path, or unix:PATH");
    }
    const std::size_t bracket = host_.find(']');
    const std::size_t colon = host_.find(':', bracket == std::string::npos ? 0 : bracket);
    name_ = bracket == std::string::npos ? host_.substr(0, colon) : host_.substr(1, bracket - 1);
    port_ = colon == std::string::npos ? "80" : host_.substr(colon + 1);
  }

  int connect() override { return path_.empty() ? connect_tcp() : connect_unix(); }
  [[nodiscard]] std::string host() const override { return host_; }

 private:
  int connect_tcp() const {
    addrinfo wanted{};
    wanted.ai_socktype = SOCK_STREAM;
    addrinfo* found = nullptr;
    if (const int error = ::getaddrinfo(name_.c_str(), port_.c_str(), &wanted, &found);
        error != 0) {
      throw TestFailure("cannot find " + host_ + ": " + ::gai_strerror(error));
    }
    const std::unique_ptr<addrinfo, decltype(&::freeaddrinfo)> all(found, ::freeaddrinfo);
    for (const addrinfo* one = found; one != nullptr; one = one->ai_next) {
      const int socket = ::socket(one->ai_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
      if (socket >= 0 && ::connect(socket, one->ai_addr, one->ai_addrlen) == 0) {
        return socket;
      }
      close_keeping_error(socket);
    }
    throw TestFailure("cannot connect to " + host_ + ": " + std::strerror(errno));
  }
  int connect_unix() const {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    if (path_.size() >= sizeof address.sun_path) {
      throw TestFailure("the path is too long: " + path_);
    }
    path_.copy(address.sun_path, path_.size());
    const int socket = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (socket < 0 ||
        ::connect(socket, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
      close_keeping_error(socket);
      throw TestFailure("cannot connect to " + path_ + ": " + std::strerror(errno));
    }
    return socket;
  }
  static void close_keeping_error(int socket) {
    const int error = errno;
    if (socket >= 0) {
      ::close(socket);
    }
    errno = error;
  }

  std::string host_;
  std::string name_;
  std::string port_;
  std::string path_;  // empty: over TCP
};

}  // namespace detail
}  // namespace v1
}  // namespace prefork
