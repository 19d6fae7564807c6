// How long what was just read of a TCP connection had lain in the kernel: the time that a request
// waited for an event loop, which no clock of the server's sees (TCP_INFO, tcp(7)). The kernel
// tells it in milliseconds, and in steps of its own tick (1 to 10 ms). One thread: the event loop.
#pragma once

#include <cstdint>
#include <optional>

#include "ipc/step_histogram.h"

namespace prefork::net {

class ReceiveDelay {
 public:
  // One of so many reads is asked about: a call for each would be felt.
  static constexpr std::uint32_t kSample = 64;

  // `delays` gets those that were asked about, and outlives this. `of_all`: every read.
  ReceiveDelay(ipc::DurationHistogram& delays, bool of_all)
      : delays_(delays), every_(of_all ? 1 : kSample) {}

  // What is taken next was not read just now.
  void forget() { latest_.reset(); }
  void on_read(int socket) {
    latest_.reset();
    if (++reads_ >= every_) {
      ask(socket);
    }
  }

  // Of what was read last, in milliseconds; nothing: nobody has asked, or the kernel does not tell.
  [[nodiscard]] const std::optional<std::uint32_t>& latest() const { return latest_; }

 private:
  void ask(int socket);

  ipc::DurationHistogram& delays_;
  const std::uint32_t every_;
  std::uint32_t reads_ = kSample - 1;  // the first is asked about
  std::optional<std::uint32_t> latest_;
};

}  // namespace prefork::net
