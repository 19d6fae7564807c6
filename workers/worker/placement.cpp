#include "workers/worker/placement.h"

#include <fcntl.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <limits>
#include <utility>

#include "ipc/balance.h"
#include "ipc/base/probe.h"

namespace prefork::worker {

namespace {

int most_fds() {
  rlimit files{};
  ::getrlimit(RLIMIT_NOFILE, &files);
  return static_cast<int>(std::min<rlim_t>(files.rlim_cur, std::numeric_limits<int>::max()));
}

// The one with the lowest number that is free; none when there is no other.
ipc::OwnedFd lowest_descriptor() {
  return ipc::OwnedFd(::fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, 0));
}

}  // namespace

Placement::Placement(const ipc::Segment& segment, const ipc::Inboxes& inboxes, ipc::Place self,
                     std::uint32_t epoch, Adopt adopt)
    : segment_(segment),
      inboxes_(inboxes),
      self_(self),
      epoch_(epoch),
      adopt_(std::move(adopt)),
      last_fds_(most_fds() - kSpareFds) {}

void Placement::begin() {
  is_serving_ = true;
  ipc::start_load(record(), epoch_);
  record().accepting.store(1, std::memory_order_release);
}

void Placement::end(bool has_heir) {
  has_heir_ = has_heir;
  is_serving_ = false;
  excess_ = 0;
  record().accepting.store(0, std::memory_order_release);
}

engine::Place Placement::place(int socket, const ipc::HandedConnection& about, bool may_stay,
                               std::uint64_t now_ns) {
  look_at_number(socket);
  const auto placement =
      ipc::reserve_place(segment_, self_, now_ns, may_stay && is_serving_ && !is_short_);
  if (!placement) {
    return may_stay ? stay() : (has_heir_ ? engine::Place::full : engine::Place::nowhere);
  }
  if (placement->target == self_) {
    return engine::Place::here;
  }
  if (hand_off(*placement, socket, about, now_ns)) {
    return engine::Place::given;
  }
  return may_stay ? stay() : engine::Place::full;
}

bool Placement::keep(int socket, std::uint32_t lead, std::uint64_t now_ns) {
  look_at_number(socket);
  return is_serving_ && !is_short_ && !is_ahead(lead, now_ns) && ipc::add_load(record(), epoch_);
}

bool Placement::is_ahead(std::uint32_t by, std::uint64_t now_ns) const {
  return ipc::is_ahead(segment_, self_, by, now_ns);
}

// False: the place is free again.
bool Placement::hand_off(const ipc::Placement& placement, int socket,
                         const ipc::HandedConnection& about, std::uint64_t now_ns) {
  ipc::HandedConnection handed = about;
  handed.epoch = placement.epoch;
  ipc::note_handed(segment_, placement.target.slot, now_ns);
  if (inboxes_.hand_off(placement.target.slot, socket, handed) == ipc::HandResult::sent) {
    PREFORK_PROBE2(connection__handoff, socket, placement.target.slot);
    return true;
  }
  ipc::remove_load(segment_.record(placement.target), placement.epoch);
  return false;
}

engine::Place Placement::relieve(int socket, const ipc::HandedConnection& about,
                                 std::uint64_t now_ns) {
  const auto placement = ipc::reserve_fairer_place(segment_, self_, now_ns);
  return placement && hand_off(*placement, socket, about, now_ns) ? engine::Place::given
                                                                  : engine::Place::here;
}

engine::Place Placement::stay() {
  ipc::add_load(record(), epoch_);
  return engine::Place::here;
}

void Placement::on_connection_gone() { ipc::remove_load(record(), epoch_); }

bool Placement::take_handed() {
  const Taken taken = take_from(self_.slot);
  if (taken != Taken::some) {
    ipc::clear_handed(segment_, self_.slot);
  }
  return taken != Taken::closed;
}

Placement::Taken Placement::take_from(std::uint32_t slot) {
  for (int i = 0; i < kMaxTakesAtOnce; ++i) {
    if (has_been_short_ && !lowest_descriptor().valid()) {
      on_out_of_descriptors();
      return Taken::some;  // what is taken now would be lost
    }
    ipc::Inboxes::TakeError error{};
    auto received = inboxes_.take(slot, error);
    if (!received) {
      if (error != ipc::Inboxes::TakeError::lost) {
        return error == ipc::Inboxes::TakeError::empty ? Taken::all : Taken::closed;
      }
      // What cannot be used, or came when no descriptor was left for it.
      record().counters.add(ipc::Counter::accept_errors);
      record().counters.add(ipc::Counter::connections_closed);
      look_for_room();
      continue;
    }
    look_at_number(received->socket.get());
    if (received->about.epoch != epoch_) {
      // Promised to another process of the slot, or of a slot that does not serve: the place there
      // is free again.
      for (std::uint32_t seat = 0; seat < ipc::kSeatsPerSlot; ++seat) {
        ipc::remove_load(segment_.record({slot, seat}), received->about.epoch);
      }
      ipc::add_load(record(), epoch_);
    }
    adopt_(std::move(*received));
  }
  return Taken::some;
}

bool Placement::on_tick(std::size_t open, std::uint64_t now_ns) {
  correct_load(static_cast<std::uint32_t>(open), now_ns);
  if (is_short_) {
    look_for_room();
  }
  const bool is_uneven = look_at_fairness(now_ns);
  return is_serving_ && (reclaim(now_ns) || is_short_ || is_uneven);
}

// True: it is uneven, but not for long enough, or was a moment ago.
bool Placement::look_at_fairness(std::uint64_t now_ns) {
  const std::uint32_t excess = is_serving_ ? ipc::excess_of(segment_, self_, now_ns) : 0;
  if (excess != 0) {
    uneven_at_ns_ = now_ns;
    uneven_since_ns_ = uneven_since_ns_ != 0 ? uneven_since_ns_ : now_ns;
  } else if (now_ns - uneven_at_ns_ >= kEvenNs) {
    uneven_since_ns_ = 0;
  }
  const bool has_lasted = excess != 0 && now_ns - uneven_since_ns_ >= kUnevenNs;
  excess_ = has_lasted ? std::min(excess, kMaxMovesPerTick) : 0;
  return uneven_since_ns_ != 0 && !has_lasted;
}

// Connections handed to a worker that has died, hangs or was stopped would wait for its successor;
// whoever notices first serves them.
bool Placement::reclaim(std::uint64_t now_ns) {
  bool is_waiting = false;
  for (std::uint32_t slot = 0; slot < inboxes_.slots(); ++slot) {
    if (!ipc::is_handed(segment_, slot)) {
      continue;
    }
    is_waiting = true;
    if (slot == self_.slot) {
      take_handed();
    } else if (!ipc::is_healthy(segment_, {slot, 0}, now_ns) &&
               !ipc::is_healthy(segment_, {slot, 1}, now_ns) && take_from(slot) != Taken::some &&
               !ipc::is_accepting(segment_, slot)) {
      // Nobody is there who would say so. One that only stands still says so when it goes on, and
      // gets nothing until then.
      ipc::clear_handed(segment_, slot);
    }
  }
  return is_waiting;
}

void Placement::on_out_of_descriptors() { look_at_number(last_fds_); }

void Placement::look_at_number(int fd) {
  if (fd >= last_fds_ && !is_short_) {
    is_short_ = true;
    has_been_short_ = true;
    record().accepting.store(0, std::memory_order_release);
  }
}

void Placement::look_for_room() {
  const ipc::OwnedFd lowest = lowest_descriptor();
  if (!lowest.valid() || lowest.get() >= last_fds_) {
    return on_out_of_descriptors();
  }
  if (std::exchange(is_short_, false) && is_serving_) {
    record().accepting.store(1, std::memory_order_release);
  }
}

void Placement::correct_load(std::uint32_t open, std::uint64_t now_ns) {
  const std::uint32_t load = ipc::load_of(record());
  if (load == open) {
    drifting_since_ns_ = 0;
    return;
  }
  if (drifting_since_ns_ == 0) {
    drifting_since_ns_ = now_ns;
  }
  if (now_ns - drifting_since_ns_ < kDriftNs) {
    return;
  }
  drifting_since_ns_ = 0;
  for (std::uint32_t i = open; i < load; ++i) {
    ipc::remove_load(record(), epoch_);
  }
  for (std::uint32_t i = load; i < open; ++i) {
    ipc::add_load(record(), epoch_);
  }
}

}  // namespace prefork::worker
