// A request that is not finished, as its worker's last words: whoever reads the segment while the
// worker runs, hangs or is dead learns the method, path and peer, and how far it had come. One box
// for what the event loop runs, one for each pool thread, and a table of them for all that nobody
// runs (InFlightTable); one thread is a box's only writer.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "ipc/base/first_bytes.h"
#include "ipc/base/peer_address.h"
#include "ipc/base/seqlock.h"

namespace prefork::ipc {

// How far a request has come, in this order.
enum class RequestPhase : std::uint8_t {
  reading,   // its head is complete, its content is not
  queued,    // waits for a thread of the pool
  handling,  // its handler runs
  deferred,  // its handler has left the answer for later
  sending,   // the client has not taken all of the answer
};
inline constexpr std::size_t kRequestPhases = 5;

[[nodiscard]] std::string_view to_string(RequestPhase phase);

struct InFlightRequest {
  static constexpr std::size_t kMaxPathBytes = 88;
  static constexpr std::size_t kMaxMethodBytes = 8;

  std::uint64_t started_ns = 0;  // CLOCK_MONOTONIC
  std::uint64_t request_id = 0;  // counts the worker's requests; 0: it has no number yet
  RequestPhase phase = RequestPhase::handling;
  PeerAddress peer;
  std::string method;       // cut after kMaxMethodBytes
  std::string path;         // without the query, cut after kMaxPathBytes
  std::uint16_t route = 0;  // as in http::Request
};

class InFlightBox {
 public:
  void set(std::uint64_t started_ns, std::uint64_t request_id, const PeerAddress& peer,
           std::string_view method, std::string_view path,
           RequestPhase phase = RequestPhase::handling, std::uint16_t route = 0) {
    const std::uint64_t sequence = box_.begin_write();
    box_.store_word(kStarted, started_ns);
    box_.store_word(kId, request_id);
    method = method.substr(0, InFlightRequest::kMaxMethodBytes);
    path = path.substr(0, InFlightRequest::kMaxPathBytes);
    box_.store_word(kMethod, first_bytes(method.data(), method.size()));
    box_.store_word(kMeta, path.size() | static_cast<std::uint64_t>(peer.family) << 8 |
                               static_cast<std::uint64_t>(peer.port) << 16 |
                               static_cast<std::uint64_t>(phase) << kPhaseShift |
                               static_cast<std::uint64_t>(route) << kRouteShift);
    box_.store_word(kPeer, first_bytes(peer.bytes.data(), 8));
    box_.store_word(kPeer + 1, first_bytes(peer.bytes.data() + 8, 8));
    for (std::size_t at = 0, word = kPath; at < path.size(); at += 8, ++word) {
      box_.store_word(word, first_bytes(path.data() + at, path.size() - at));
    }
    box_.end_write(sequence);
  }

  // The same request, further on.
  void move_to(RequestPhase phase) {
    const std::uint64_t sequence = box_.begin_write();
    const std::uint64_t meta = box_.own_word(kMeta) & ~(std::uint64_t{0xFF} << kPhaseShift);
    box_.store_word(kMeta, meta | static_cast<std::uint64_t>(phase) << kPhaseShift);
    box_.end_write(sequence);
  }

  void clear() {
    const std::uint64_t sequence = box_.begin_write();
    box_.store_word(kStarted, 0);
    box_.end_write(sequence);
  }

  // Since when; 0: there is none. For those who look at many.
  [[nodiscard]] std::uint64_t started_ns() const { return box_.own_word(kStarted); }
  // Nothing when there is no request, or the writer died while it wrote.
  [[nodiscard]] std::optional<InFlightRequest> get() const;

 private:
  enum Word : std::size_t { kStarted, kId, kMethod, kMeta, kPeer, kPath = kPeer + 2 };
  static constexpr unsigned kPhaseShift = 32;
  static constexpr unsigned kRouteShift = 40;
  static constexpr std::size_t kWords = kPath + InFlightRequest::kMaxPathBytes / 8;

  SeqlockBox<kWords> box_;
};

}  // namespace prefork::ipc
