// A connection of a TestClient: bytes to and from a server, as they are, for tests of what no
// client would send. One thread.
#pragma once

#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <chrono>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>

namespace prefork {
inline namespace v1 {

// What a test cannot go on after: no answer within the client's patience, or none that is HTTP/1.1.
class TestFailure : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

class TestConnection {
 public:
  // Takes over a connected stream socket. `patience`: how long the server may be silent.
  TestConnection(int socket, std::chrono::milliseconds patience)
      : socket_(socket), patience_(patience) {}
  TestConnection(TestConnection&& other) noexcept
      : socket_(std::exchange(other.socket_, -1)),
        patience_(other.patience_),
        received_(std::move(other.received_)) {}
  TestConnection& operator=(TestConnection&& other) noexcept {
    std::swap(socket_, other.socket_);
    std::swap(patience_, other.patience_);
    std::swap(received_, other.received_);
    return *this;
  }
  ~TestConnection() { close(); }

  // Sends all of it, and takes in what comes meanwhile. False: the server takes no more; what it
  // has said about that can be received. Throws TestFailure when it does neither for too long.
  bool send(std::string_view bytes) {
    while (!bytes.empty()) {
      const short ready = wait(POLLIN | POLLOUT);
      if ((ready & POLLOUT) != 0) {
        const ssize_t sent =
            ::send(socket_, bytes.data(), bytes.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
        if (sent < 0 && errno != EAGAIN && errno != EINTR) {
          return false;
        }
        bytes.remove_prefix(sent > 0 ? static_cast<std::size_t>(sent) : 0);
      }
      if ((ready & POLLIN) != 0 && !bytes.empty() && !take_in()) {
        return false;
      }
    }
    return true;
  }
  // Half-close: the server sees the end of what this client sends.
  void finish() { ::shutdown(socket_, SHUT_WR); }

  // Waits for more and adds it to received(). False: the server has closed the connection. Throws
  // TestFailure when nothing comes for too long.
  bool receive() {
    wait(POLLIN);
    return take_in();
  }
  // Everything until the server closes the connection.
  std::string receive_all() {
    while (receive()) {
    }
    return std::exchange(received_, {});
  }
  // What has come and was not taken; the reader takes from its beginning.
  std::string& received() { return received_; }
  // Takes so many bytes of it.
  std::string take(std::size_t size) {
    std::string taken = received_.substr(0, size);
    received_.erase(0, size);
    return taken;
  }

  // Whether there is something to receive, or the server has closed it. Never waits.
  [[nodiscard]] bool is_readable() const {
    pollfd one{socket_, POLLIN, 0};
    return !received_.empty() || ::poll(&one, 1, 0) > 0;
  }
  // The client leaves.
  void close() {
    if (socket_ >= 0) {
      ::close(std::exchange(socket_, -1));
    }
  }
  [[nodiscard]] bool is_open() const { return socket_ >= 0; }

 private:
  short wait(short events) const {
    pollfd one{socket_, events, 0};
    const auto end = std::chrono::steady_clock::now() + patience_;
    for (;;) {
      const auto left =
          std::chrono::ceil<std::chrono::milliseconds>(end - std::chrono::steady_clock::now());
      const int ready = ::poll(&one, 1, left.count() > 0 ? static_cast<int>(left.count()) : 0);
      if (ready > 0) {
        // Of a dead connection the call that follows tells.
        return static_cast<short>((one.revents & events) != 0 ? one.revents & events : events);
      }
      if (ready == 0) {
        throw TestFailure("nothing came from the server for " + std::to_string(patience_.count()) +
                          " ms");
      }
      if (errno != EINTR) {
        throw TestFailure("poll: error " + std::to_string(errno));
      }
    }
  }
  bool take_in() {
    std::array<char, 65536> room;
    for (;;) {
      const ssize_t got = ::recv(socket_, room.data(), room.size(), 0);
      if (got > 0) {
        received_.append(room.data(), static_cast<std::size_t>(got));
        return true;
      }
      if (got == 0 || errno != EINTR) {
        return false;
      }
    }
  }

  int socket_;
  std::chrono::milliseconds patience_;
  std::string received_;
};

}  // namespace v1
}  // namespace prefork
