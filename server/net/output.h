// What is written on a connection: gathered in a batch that all connections share in turn, given to
// the transport, and kept as far as the peer does not take it. One thread: the event loop.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string_view>

#include "ipc/counters.h"
#include "server/http/byte_buffer.h"
#include "server/net/bulk_transfers.h"
#include "server/net/transport.h"

namespace prefork::net {

// What all of them share.
struct OutputServices {
  http::ByteBuffer& batch;  // empty whenever another connection writes
  ipc::Counters& counters;
  BulkTransfers& bulk;
};

class Output {
 public:
  // Both outlive it.
  Output(Transport& transport, const OutputServices& services)
      : transport_(transport), services_(services) {}

  // Where output is gathered; it goes with the end of the step at the latest.
  [[nodiscard]] http::ByteBuffer& batch() const { return services_.batch; }
  // Writes what was gathered. False when not all of it is on its way: the rest is kept, or the peer
  // is gone.
  bool flush(bool more_follows = false);
  // The same, and as much of `text` as goes with it; returns how much of the text is on its way.
  std::size_t send(std::string_view text);
  // Some of a part of a file, after everything gathered. `done`, or why the file has no more
  // (`end`, `unreadable`); with any other status it is blocked.
  IoResult send_file(int file, std::uint64_t offset, std::uint64_t size);

  // Nothing more is taken at present, or ever.
  [[nodiscard]] bool is_blocked() const { return wait_ != Wait::none; }
  [[nodiscard]] bool is_gone() const { return wait_ == Wait::gone; }
  [[nodiscard]] bool waits_for_writable() const { return wait_ == Wait::writable; }
  [[nodiscard]] bool waits_for_readable() const { return wait_ == Wait::readable; }
  // What it waits for has come.
  void retry();
  // No message is under way.
  void rest() {
    if (is_bulk_) {
      end_bulk();
    }
  }
  // Whether it began to wait, or got rid of something, since the last call.
  bool take_progress();
  // What is kept, or was when it was closed.
  [[nodiscard]] std::size_t unsent_size() const {
    return unsent_ ? unsent_->bytes.size() + unsent_->forgotten : 0;
  }
  // Nothing is written any more; what is gathered and kept is forgotten.
  void close();

 private:
  enum class Wait : std::uint8_t { none, writable, readable, gone };
  struct Unsent {
    http::ByteBuffer bytes;
    std::size_t retry_size = 0;  // where a write must be repeated as it was
    std::size_t forgotten = 0;   // bytes that were never sent
  };

  void keep(std::string_view bytes);
  bool on_written(const IoResult& result);
  void note_refill();
  void end_bulk();

  Transport& transport_;
  const OutputServices& services_;
  std::unique_ptr<Unsent> unsent_;  // none while nothing has to be kept
  Wait wait_ = Wait::none;
  bool has_progress_ = false;
  bool is_bulk_ = false;
  std::uint8_t refills_ = 0;  // in a row, each soon after the one before
  std::uint32_t refilled_ms_ = 0;
};

}  // namespace prefork::net
