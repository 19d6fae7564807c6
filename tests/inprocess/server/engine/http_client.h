// The client's end of a connection of an in-process test, over a plain socket or a record layer.
// One thread: the test's.
#pragma once

#include <gtest/gtest.h>
#include <sys/socket.h>

#include <array>
#include <cctype>
#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "ipc/base/owned_fd.h"
#include "tests/inprocess/server/net/record_transport.h"

namespace prefork::engine::testing_http {

// Never blocks.
class Client {
 public:
  // `turn`: lets the server work, for a record layer whose peers wait for each other.
  explicit Client(ipc::OwnedFd socket, std::function<void()> turn = nullptr)
      : socket_(std::move(socket)), turn_(std::move(turn)) {
    if (turn_) {
      records_ = std::make_unique<net::testing_net::RecordClient>(socket_.get());
      records_->shake_hands(turn_);
      read();
    }
  }

  // Sends all of it; the test fails when the server's side has no room.
  void send(std::string_view bytes) {
    const std::size_t sent = send_some(bytes);
    EXPECT_EQ(sent, bytes.size()) << "the server does not take what the test sends";
  }

  // Sends what there is room for and says how much that was.
  std::size_t send_some(std::string_view bytes) {
    if (records_) {
      return records_->send_some(bytes);
    }
    std::size_t sent = 0;
    while (sent < bytes.size()) {
      const ssize_t size =
          ::send(socket_.get(), bytes.data() + sent, bytes.size() - sent, MSG_NOSIGNAL);
      if (size <= 0) {
        break;
      }
      sent += static_cast<std::size_t>(size);
    }
    return sent;
  }

  // Reads what has come. `once`: with one call, which on a packet socket is one write of the
  // server.
  void read(bool once = false) {
    if (records_ && records_->is_finishing()) {
      finish_sending();
    } else if (records_) {
      records_->flush();
    }
    std::array<char, 256 * 1024> room;
    while (socket_.valid() && end_ == End::none) {
      const ssize_t size = ::recv(socket_.get(), room.data(), room.size(), 0);
      if (size > 0) {
        take({room.data(), static_cast<std::size_t>(size)});
      } else if (size == 0) {
        end_ = End::clean;
      } else if (errno != EAGAIN) {
        end_ = End::reset;
      }
      if (once || size <= 0) {
        return;
      }
    }
  }

  // What has come since the last call, with each date replaced by "D".
  std::string take() {
    read();
    return normalized(std::exchange(received_, {}));
  }
  std::string take_one_write() {
    read(true);
    return normalized(std::exchange(received_, {}));
  }

  [[nodiscard]] const std::string& received() {
    read();
    return received_;
  }
  // The server closed or finished its side: cleanly, or with a reset that can cost the client what
  // it has not read yet.
  [[nodiscard]] bool at_clean_end() {
    read();
    return end_ == End::clean;
  }
  [[nodiscard]] bool at_any_end() {
    read();
    return end_ != End::none;
  }

  void finish_sending() {
    if (records_ && !records_->finish()) {
      return;  // with a later read
    }
    ::shutdown(socket_.get(), SHUT_WR);
  }
  void close() { socket_.reset(); }
  [[nodiscard]] int fd() const { return socket_.get(); }

 private:
  enum class End : std::uint8_t { none, clean, reset };

  void take(std::string_view bytes) {
    if (!records_) {
      received_.append(bytes);
      return;
    }
    if (records_->take(bytes, received_)) {
      end_ = End::clean;
    }
    if (records_->has_answered()) {
      turn_();
    }
  }

  // "Sun, 06 Nov 1994 08:49:37 GMT", as far as the shape goes (RFC 9110 section 5.6.7).
  static bool is_date(std::string_view text) {
    constexpr std::string_view kShape = "Aaa, 00 Aaa 0000 00:00:00 GMT";
    if (text.size() != kShape.size() || !text.ends_with("GMT")) {
      return false;
    }
    for (std::size_t i = 0; i < text.size(); ++i) {
      const auto byte = static_cast<unsigned char>(text[i]);
      const char shape = std::isupper(byte) != 0   ? 'A'
                         : std::islower(byte) != 0 ? 'a'
                         : std::isdigit(byte) != 0 ? '0'
                                                   : text[i];
      if (i < kShape.size() - 3 && shape != kShape[i]) {
        return false;
      }
    }
    return true;
  }

  // A date in another form stays, and makes the test fail.
  static std::string normalized(std::string_view bytes) {
    constexpr std::string_view kName = "\r\nDate: ";
    constexpr std::size_t kDateBytes = 29;
    std::string result;
    for (std::size_t at = bytes.find(kName); at != bytes.npos; at = bytes.find(kName)) {
      result.append(bytes.substr(0, at + kName.size()));
      bytes.remove_prefix(at + kName.size());
      const std::string_view date = bytes.substr(0, kDateBytes);
      result.append(is_date(date) ? "D" : date);
      bytes.remove_prefix(date.size());
    }
    return result.append(bytes);
  }

  ipc::OwnedFd socket_;
  std::function<void()> turn_;
  std::unique_ptr<net::testing_net::RecordClient> records_;
  std::string received_;
  End end_ = End::none;
};

}  // namespace prefork::engine::testing_http
