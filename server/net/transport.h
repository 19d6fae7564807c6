// How a connection's bytes travel: try to read or write without blocking, else hear what to wait
// for. A plain socket is one implementation; an encrypted record layer is another, which may have
// to write before it can read and the other way round, keeps bytes that it has read ahead, and
// cannot be moved to another process.
//
// Owned by its Connection (before that by the ConnectionOpener). One thread: the event loop.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string_view>

#include "ipc/base/owned_fd.h"

namespace prefork::net {

enum class IoStatus : std::uint8_t {
  done,        // `size` bytes were moved, at least one
  want_read,   // nothing was moved; try again when the descriptor is readable
  want_write,  // nothing was moved; try again when it is writable
  end,         // the peer has sent everything it will send; of a file: nothing at that offset
  reset,       // the connection is gone
  unreadable,  // the file that was to be sent
};

struct IoResult {
  IoStatus status = IoStatus::want_read;
  std::size_t size = 0;
  // Of a read: the descriptor and whatever is kept ahead of it are empty, so that the next bytes
  // come with an event. False: there may be more.
  bool drained = false;
  // Of a file: the descriptor took less than it was offered, and tells when it has room again.
  // False: it may take more.
  bool filled = false;
};

// What one implementation is like, for whoever moves bytes through it.
struct TransportTraits {
  bool is_movable = false;  // the descriptor is all of its state: another process can take it over
  bool is_secure = false;   // nobody between the peer and here can read or change the bytes
  bool has_handshake = false;   // handshake() has to be done first
  bool can_send_files = false;  // send_file() may be called
  // A write that moved nothing must be repeated with the same bytes, all of them and no others.
  bool repeats_writes = false;
};

class Transport {
 public:
  Transport() = default;
  virtual ~Transport() = default;
  Transport(const Transport&) = delete;
  Transport& operator=(const Transport&) = delete;

  [[nodiscard]] virtual TransportTraits traits() const = 0;
  // The application protocol that the handshake agreed on (RFC 7301); empty: none. Lives as long as
  // the transport.
  [[nodiscard]] virtual std::string_view alpn() const { return {}; }

  // Until it is done nothing may be read or written. Called again when what it wants has come;
  // `end` and `reset` are final. `received`: bytes that were read from the descriptor before, given
  // with the first call alone.
  virtual IoResult handshake(std::string_view /*received*/) { return {IoStatus::done, 0, false}; }

  // Bytes were read ahead, by a read or a write: read() may have some without an event.
  [[nodiscard]] virtual bool has_buffered() const { return false; }
  // Never more than `capacity` bytes, which is not zero.
  virtual IoResult read(char* bytes, std::size_t capacity) = 0;
  virtual IoResult write(std::string_view bytes) = 0;
  // Both with one call, as if they lay behind each other.
  virtual IoResult write(std::string_view first, std::string_view second) = 0;
  // Bytes that more will follow soon: the kernel may wait for it to fill a packet.
  virtual IoResult write_before_more(std::string_view bytes) { return write(bytes); }
  // From a file that can be mapped (sendfile(2)), where traits() allow it.
  virtual IoResult send_file(int file, std::uint64_t offset, std::uint64_t size) = 0;

  // No more will be written: tells the peer so (shutdown(2), close_notify).
  virtual void finish_writing() = 0;
  virtual void close() = 0;
  // Resets the connection: the peer must notice that what it has got is not all there was.
  virtual void abort() = 0;

  // What to wait on.
  [[nodiscard]] virtual int fd() const = 0;
  // Gives the descriptor away, of one that is movable.
  virtual ipc::OwnedFd release() = 0;
};

// Makes the transport of a connection that was accepted, for one listener. Called on the event loop
// and must not block; outlives the server.
class TransportFactory {
 public:
  TransportFactory() = default;
  virtual ~TransportFactory() = default;
  TransportFactory(const TransportFactory&) = delete;
  TransportFactory& operator=(const TransportFactory&) = delete;

  // `socket` is a connected, non-blocking stream socket.
  virtual std::unique_ptr<Transport> make(ipc::OwnedFd socket) const = 0;
};

}  // namespace prefork::net
