// Where connections are served: reserves places on the least loaded worker, hands connections off
// to siblings, takes what they hand here, and takes over what waits for a sibling that does not
// serve. See ipc/balance.h and ipc/inbox.h. One thread: the worker's event loop.
#pragma once

#include <cstdint>
#include <functional>

#include "ipc/balance.h"
#include "ipc/inbox.h"
#include "ipc/segment.h"
#include "server/engine/server_hooks.h"

namespace prefork::worker {

class Placement {
 public:
  using Adopt = std::function<void(ipc::ReceivedConnection)>;

  // All outlive it. `adopt` gets every connection that comes here by an inbox.
  Placement(const ipc::Segment& segment, const ipc::Inboxes& inboxes, ipc::Place self,
            std::uint32_t epoch, Adopt adopt);

  // From now on siblings may hand connections here.
  void begin();
  // From now on they may not; everything may still be handed off. `has_heir`: if there is nobody to
  // take it, there will be.
  void end(bool has_heir);

  // What ServerHooks::place asks.
  engine::Place place(int socket, const ipc::HandedConnection& about, bool may_stay,
                      std::uint64_t now_ns);
  // What ServerHooks::keep and ServerHooks::is_ahead ask.
  bool keep(int socket, std::uint32_t lead, std::uint64_t now_ns);
  [[nodiscard]] bool is_ahead(std::uint32_t by, std::uint64_t now_ns) const;
  // What ServerHooks::excess and ServerHooks::relieve ask.
  [[nodiscard]] std::uint32_t excess() const { return excess_; }
  engine::Place relieve(int socket, const ipc::HandedConnection& about, std::uint64_t now_ns);
  // A connection that was placed here, or adopted, is gone.
  void on_connection_gone();
  // There is no descriptor for another one: until there is, siblings hand nothing here.
  void on_out_of_descriptors();
  // Whether that is so. What was handed here before waits in the inbox meanwhile.
  [[nodiscard]] bool is_short() const { return is_short_; }

  // Adopts what waits in the worker's own inbox. False: nothing will ever come there.
  bool take_handed();
  // Adopts what waits in inboxes that nobody reads, and compares the numbers of connections;
  // `open`: those there are here. True: something waits somewhere, or is uneven, to be looked at
  // again soon.
  bool on_tick(std::size_t open, std::uint64_t now_ns);

 private:
  // Connections taken from an inbox at once.
  static constexpr int kMaxTakesAtOnce = 64;
  // Where fewer descriptors than these are left, no more connections are taken.
  static constexpr int kSpareFds = 16;
  // How long the load word has to be wrong before it is corrected: a reservation whose connection
  // is still on its way looks like an error for a moment.
  static constexpr std::uint64_t kDriftNs = 1'000'000'000;
  // Connections that come and go leave the numbers uneven for a moment, and new ones level that out
  // by themselves; what has lasted for this long is levelled out by moving some.
  static constexpr std::uint64_t kUnevenNs = 500'000'000;
  // A sibling that stands still for a moment, as on a busy machine, is not counted, and then the
  // others are even: only what is even for this long is.
  static constexpr std::uint64_t kEvenNs = 300'000'000;
  // Moved between two ticks at most: each is some system calls, while others wait to be served.
  static constexpr std::uint32_t kMaxMovesPerTick = 128;

  engine::Place stay();
  bool hand_off(const ipc::Placement& placement, int socket, const ipc::HandedConnection& about,
                std::uint64_t now_ns);
  bool look_at_fairness(std::uint64_t now_ns);
  enum class Taken : std::uint8_t { all, some, closed };
  Taken take_from(std::uint32_t slot);
  bool reclaim(std::uint64_t now_ns);
  void correct_load(std::uint32_t open, std::uint64_t now_ns);
  void look_at_number(int fd);
  void look_for_room();
  [[nodiscard]] ipc::WorkerRecord& record() const { return segment_.record(self_); }

  const ipc::Segment& segment_;
  const ipc::Inboxes& inboxes_;
  const ipc::Place self_;
  const std::uint32_t epoch_;
  const Adopt adopt_;
  bool is_serving_ = false;
  bool has_heir_ = false;
  // Descriptors are numbered from below: one with such a number says that hardly any are left,
  // which is noticed before a connection is lost for want of one.
  const int last_fds_;
  bool is_short_ = false;
  // From then on those with the highest numbers may be in use while lower ones come free one by
  // one, so that a number says nothing any more.
  bool has_been_short_ = false;
  std::uint64_t drifting_since_ns_ = 0;
  std::uint64_t uneven_since_ns_ = 0;
  std::uint64_t uneven_at_ns_ = 0;  // when last seen
  std::uint32_t excess_ = 0;
};

}  // namespace prefork::worker
