// Who gets in: the limit of connections, when to look for a first message at once, and lines for
// the log that a crowd of clients cannot fill it with. One thread: the event loop.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

#include "config/options/options.h"
#include "ipc/base/peer_address.h"
#include "ipc/counters.h"
#include "server/engine/server_hooks.h"

namespace prefork::engine {

class Admission {
 public:
  enum class Verdict : std::uint8_t {
    admit,
    refuse,  // it gets its 503
    drop,    // there is no room even for that
  };

  // Both outlive it.
  Admission(std::size_t limit, ipc::Counters& counters, ServerHooks& hooks)
      : limit_(limit), counters_(counters), hooks_(hooks) {}

  // One more connection beside `open` others. `refused` of them were told that there was no place,
  // and take none from one that could be served until they are gone.
  Verdict judge(std::size_t open, std::size_t refused);

  // While the server is busy a connection's first message is there already when it is accepted, and
  // one that is answered and closed at once never has to join the loop's descriptors. While it is
  // not, looking for the message would be a system call for nothing; now and then it is tried all
  // the same.
  [[nodiscard]] bool reads_on_accept() {
    return found_on_accept_ || ++without_reading_ % kTryEvery == 0;
  }
  void note_read_on_accept(bool was_there) { found_on_accept_ = was_there; }

  void report_accept_error(int error, std::uint64_t now_ns);
  // A connection ends because of what came before its first message.
  void report_opening(const ipc::PeerAddress& peer, const char* problem, std::uint64_t now_ns);

 private:
  // Over the limit there is this much room for connections that only get their 503.
  static constexpr std::size_t kRefusalRoom = 64;
  static constexpr std::uint32_t kTryEvery = 32;
  static constexpr std::uint64_t kReportEveryNs = 10'000'000'000;

  void report_at_intervals(std::uint64_t& last_ns, std::uint64_t now_ns, config::LogLevel level,
                           const std::string& line);

  const std::size_t limit_;
  ipc::Counters& counters_;
  ServerHooks& hooks_;
  bool found_on_accept_ = true;
  std::uint32_t without_reading_ = 0;
  std::uint64_t accept_error_reported_ns_ = 0;
  std::uint64_t opening_reported_ns_ = 0;
};

}  // namespace prefork::engine
