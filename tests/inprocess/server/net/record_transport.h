// A transport that behaves like an encrypted record layer without encrypting anything, and the
// client's end of it. The tests of connections run over it as well as over plain sockets.
//
// On the wire: records of one type byte, two bytes of length and up to 16 KiB of payload. The
// server's end makes difficulties wherever a real one may: a handshake of two round trips; reading
// takes one large piece from the socket and gives it out a record at a time; now and then it has to
// write before it can read on, and to read before it can write; a write that moved nothing must be
// repeated exactly; it cannot be moved to another process.
#pragma once

#include <gtest/gtest.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "server/net/transport.h"

namespace prefork::net::testing_net {

enum class RecordType : char {
  data = 'd',
  hello = 'h',
  close = 'c',
  demand = '?',  // the server wants a grant before it writes on
  grant = '!',
  release = '*',  // the client will send no more: nothing may be demanded from now on
};

inline constexpr std::size_t kRecordHead = 3;
inline constexpr std::size_t kMaxRecord = 16 * 1024;

inline std::string make_record(RecordType type, std::string_view payload = {}) {
  std::string record{static_cast<char>(type), static_cast<char>(payload.size() >> 8),
                     static_cast<char>(payload.size() & 0xFFU)};
  return record.append(payload);
}

// Bytes of the wire, of which records are taken off the front.
class RecordInput {
 public:
  void append(std::string_view bytes) { bytes_.append(bytes); }
  [[nodiscard]] bool has_record() const {
    return bytes_.size() >= kRecordHead && bytes_.size() >= kRecordHead + payload_size();
  }
  [[nodiscard]] RecordType type() const { return static_cast<RecordType>(bytes_[0]); }
  std::string take_payload() {
    std::string payload = bytes_.substr(kRecordHead, payload_size());
    bytes_.erase(0, kRecordHead + payload.size());
    return payload;
  }
  // The start of a record that is not complete.
  [[nodiscard]] const std::string& rest() const { return bytes_; }

 private:
  [[nodiscard]] std::size_t payload_size() const {
    return static_cast<std::size_t>(static_cast<unsigned char>(bytes_[1])) << 8 |
           static_cast<unsigned char>(bytes_[2]);
  }

  std::string bytes_;
};

class RecordTransport final : public Transport {
 public:
  explicit RecordTransport(ipc::OwnedFd socket) : socket_(std::move(socket)) {}

  [[nodiscard]] TransportTraits traits() const override {
    TransportTraits traits;
    traits.is_secure = true;
    traits.has_handshake = true;
    traits.repeats_writes = true;
    return traits;
  }

  // Twice: a hello comes, and one goes back.
  IoResult handshake(std::string_view received) override {
    input_.append(received);
    while (hellos_ < 2) {
      if (const IoStatus status = flush_pending(); status != IoStatus::done) {
        return {status, 0, false};
      }
      if (const IoStatus status = fill(); status != IoStatus::done) {
        return {status, 0, false};
      }
      EXPECT_EQ(input_.type(), RecordType::hello);
      input_.take_payload();
      ++hellos_;
      pending_ = make_record(RecordType::hello);
    }
    const IoStatus status = flush_pending();
    return {status, 0, false};
  }

  [[nodiscard]] bool has_buffered() const override {
    return !payload_.empty() || input_.has_record();
  }

  IoResult read(char* bytes, std::size_t capacity) override {
    while (payload_.empty()) {
      if (const IoStatus status = fill(); status != IoStatus::done) {
        return {status, 0, status == IoStatus::want_read};
      }
      if (take_grant()) {
        continue;
      }
      if (input_.type() == RecordType::close) {
        return {IoStatus::end, 0, true};
      }
      // Some records cannot be read before something was written; the socket only has to be asked.
      if (++records_read_ % 3 == 0 && !std::exchange(has_waited_to_read_, true)) {
        --records_read_;
        return {IoStatus::want_write, 0, false};
      }
      has_waited_to_read_ = false;
      payload_ = input_.take_payload();
    }
    const std::size_t size = payload_.copy(bytes, capacity);
    payload_.erase(0, size);
    return {IoStatus::done, size, payload_.empty() && !input_.has_record() && is_socket_empty_};
  }

  IoResult write(std::string_view bytes) override {
    if (!refused_.empty()) {
      EXPECT_TRUE(bytes == refused_)
          << "a write that was refused was not repeated: " << bytes.size() << " bytes instead of "
          << refused_.size();
    }
    const std::string_view piece = bytes.substr(0, kMaxRecord);
    const IoStatus status = write_record(piece);
    if (status == IoStatus::want_read || status == IoStatus::want_write) {
      refused_ = bytes;
      return {status, 0, false};
    }
    refused_.clear();
    return {status, status == IoStatus::done ? piece.size() : 0, false};
  }

  IoResult write(std::string_view first, std::string_view second) override {
    return write(std::string(first).append(second));
  }
  IoResult send_file(int, std::uint64_t, std::uint64_t) override {
    ADD_FAILURE() << "it cannot send files, and says so";
    return {IoStatus::unreadable, 0, false};
  }

  void finish_writing() override {
    if (flush_pending() == IoStatus::done) {
      pending_ = make_record(RecordType::close);
      flush_pending();
    }
    ::shutdown(socket_.get(), SHUT_WR);
  }
  void close() override { socket_.reset(); }
  void abort() override {
    const linger at_once{1, 0};
    ::setsockopt(socket_.get(), SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
    close();
  }
  [[nodiscard]] int fd() const override { return socket_.get(); }
  ipc::OwnedFd release() override {
    ADD_FAILURE() << "it cannot be moved, and says so";
    return {};
  }

 private:
  // Until a whole record is there.
  IoStatus fill() {
    std::array<char, 64 * 1024> room;
    while (!input_.has_record()) {
      const ssize_t size = ::recv(socket_.get(), room.data(), room.size(), 0);
      if (size == 0) {
        return IoStatus::end;
      }
      if (size < 0) {
        is_socket_empty_ = true;
        return errno == EAGAIN ? IoStatus::want_read : IoStatus::reset;
      }
      is_socket_empty_ = static_cast<std::size_t>(size) < room.size();
      input_.append({room.data(), static_cast<std::size_t>(size)});
    }
    return IoStatus::done;
  }

  IoStatus flush_pending() {
    while (!pending_.empty()) {
      const ssize_t size = ::send(socket_.get(), pending_.data(), pending_.size(), MSG_NOSIGNAL);
      if (size < 0) {
        return errno == EAGAIN ? IoStatus::want_write : IoStatus::reset;
      }
      pending_.erase(0, static_cast<std::size_t>(size));
    }
    return IoStatus::done;
  }

  IoStatus write_record(std::string_view piece) {
    if (const IoStatus status = flush_pending(); status != IoStatus::done) {
      return status;
    }
    if (std::exchange(is_under_way_, false)) {
      return IoStatus::done;
    }
    // Some records can be written only after the peer has agreed.
    if (++records_written_ % 5 == 0 && !is_granted_ && !is_released_) {
      --records_written_;
      if (!std::exchange(has_demanded_, true)) {
        pending_ = make_record(RecordType::demand);
        if (const IoStatus status = flush_pending(); status != IoStatus::done) {
          return status;
        }
      }
      if (const IoStatus status = await_grant(); status != IoStatus::done) {
        return status;
      }
      ++records_written_;
    }
    has_demanded_ = is_granted_ = false;
    pending_ = make_record(RecordType::data, piece);
    const IoStatus status = flush_pending();
    is_under_way_ = status == IoStatus::want_write;
    return status;
  }

  // Reads ahead for it; what comes before it stays for read(), which finds it too.
  IoStatus await_grant() {
    std::array<char, 64 * 1024> room;
    while (!is_granted_) {
      if (input_.has_record() && take_grant()) {
        break;
      }
      if (input_.has_record()) {
        // Content of the client's is in the way: it is kept until it is read.
        kept_.append(make_record(input_.type(), input_.take_payload()));
        continue;
      }
      const ssize_t size = ::recv(socket_.get(), room.data(), room.size(), 0);
      if (size <= 0) {
        give_back_kept();
        return size < 0 && errno == EAGAIN ? IoStatus::want_read : IoStatus::reset;
      }
      input_.append({room.data(), static_cast<std::size_t>(size)});
    }
    give_back_kept();
    return IoStatus::done;
  }

  bool take_grant() {
    is_released_ = is_released_ || input_.type() == RecordType::release;
    if (input_.type() != RecordType::grant && input_.type() != RecordType::release) {
      return false;
    }
    input_.take_payload();
    is_granted_ = true;
    return true;
  }

  void give_back_kept() {
    RecordInput merged;
    merged.append(std::exchange(kept_, {}));
    while (input_.has_record()) {
      const RecordType type = input_.type();
      merged.append(make_record(type, input_.take_payload()));
    }
    merged.append(input_.rest());
    input_ = std::move(merged);
  }

  ipc::OwnedFd socket_;
  RecordInput input_;
  std::string payload_;  // of the present record, what is left of it
  std::string pending_;  // of a record that is being written
  std::string refused_;  // what the last write was asked for, when it moved nothing
  std::string kept_;
  int hellos_ = 0;
  int records_read_ = 0;
  int records_written_ = 0;
  bool is_socket_empty_ = false;
  bool has_waited_to_read_ = false;
  bool is_under_way_ = false;  // the record in pending_ is the one that was asked for
  bool has_demanded_ = false;
  bool is_granted_ = false;
  bool is_released_ = false;
};

class RecordTransportFactory final : public TransportFactory {
 public:
  std::unique_ptr<Transport> make(ipc::OwnedFd socket) const override {
    return std::make_unique<RecordTransport>(std::move(socket));
  }
};

// The client's end: makes records of what the client sends, and bytes of those that come. Answers a
// demand at once.
class RecordClient {
 public:
  explicit RecordClient(int socket) : socket_(socket) {}

  // Says hello, twice, each time after the server did what it could.
  template <typename Turn>
  void shake_hands(const Turn& turn) {
    for (int hellos = 0; hellos < 2; ++hellos) {
      pending_.append(make_record(RecordType::hello));
      flush();
      turn();
    }
  }

  // Sends what there is room for; says how much that was.
  std::size_t send_some(std::string_view bytes) {
    constexpr std::size_t kPiece = 4 * 1024;
    std::size_t sent = 0;
    while (sent < bytes.size() && flush()) {
      const std::string_view piece = bytes.substr(sent, kPiece);
      pending_ = make_record(RecordType::data, piece);
      sent += piece.size();
    }
    flush();
    return sent;
  }

  // What has come on the socket; appends the content of data records to `received`. True when the
  // server has said that it will send no more.
  bool take(std::string_view raw, std::string& received) {
    input_.append(raw);
    while (input_.has_record()) {
      switch (input_.type()) {
        case RecordType::data:
          received.append(input_.take_payload());
          break;
        case RecordType::demand:
          input_.take_payload();
          pending_.append(make_record(RecordType::grant));
          has_answered_ = true;
          break;
        case RecordType::close:
          return true;
        case RecordType::hello:
        case RecordType::grant:
        case RecordType::release:
          input_.take_payload();
          break;
      }
    }
    flush();
    return false;
  }

  // Sends what there was no room for; true when all of it is on its way.
  bool flush() {
    while (!pending_.empty()) {
      const ssize_t size = ::send(socket_, pending_.data(), pending_.size(), MSG_NOSIGNAL);
      if (size < 0) {
        return false;
      }
      pending_.erase(0, static_cast<std::size_t>(size));
    }
    return true;
  }

  // Nothing more will be sent. True when all is on its way.
  bool finish() {
    if (!std::exchange(is_finishing_, true)) {
      pending_.append(make_record(RecordType::release));
    }
    return flush();
  }
  [[nodiscard]] bool is_finishing() const { return is_finishing_; }

  // Whether the server has something to go on with since the last call.
  bool has_answered() { return std::exchange(has_answered_, false); }

 private:
  const int socket_;
  RecordInput input_;
  std::string pending_;
  bool is_finishing_ = false;
  bool has_answered_ = false;
};

}  // namespace prefork::net::testing_net
