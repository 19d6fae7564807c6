#include "workers/observer/left_lines.h"

#include <poll.h>

#include <cerrno>
#include <exception>
#include <system_error>
#include <thread>
#include <utility>

#include "ipc/base/blocked_signals.h"
#include "ipc/base/error_text.h"
#include "ipc/base/monotonic.h"
#include "ipc/log/line_mover.h"
#include "ipc/log/line_sink.h"
#include "server/exchange/log_target.h"

namespace prefork::observer {

namespace {

// Whoever reads may make room for so long.
constexpr std::uint64_t kReaderPatienceNs = 300'000'000;
constexpr int kLookMs = 10;

}  // namespace

std::string LeftLines::look() {
  if (rings_ == nullptr) {
    return {};
  }
  std::string news = take_news(std::chrono::milliseconds(0));
  if (!written_.valid()) {
    begin_to_write();
  }
  return news;
}

std::string LeftLines::finish(std::chrono::milliseconds patience) {
  std::string news = take_news(patience);
  if (rings_ != nullptr && !written_.valid()) {
    begin_to_write();
    news += take_news(patience);
  }
  return news;
}

// The master's notes say without a system call that a reader is there yet; what they do not know
// the system is asked about.
std::vector<ipc::Place> LeftLines::take_from_dead() const {
  std::vector<ipc::Place> taken;
  for (std::uint32_t slot = 0; slot < rings_->slots(); ++slot) {
    for (std::uint32_t seat = 0; seat < ipc::kSeatsPerSlot; ++seat) {
      const ipc::Place at{slot, seat};
      ipc::OwnerWord& reader = rings_->reader(at);
      if (may_be_left(at) && reader.take_even_from_dead() != ipc::Taken::no) {
        taken.push_back(at);
      }
    }
  }
  return taken;
}

// By a reader that is dead; or, where the seat is vacant, by a process that never came to be the
// reader, for its predecessor's lines were still being written.
bool LeftLines::may_be_left(ipc::Place at) const {
  const ipc::ProcessKey owner = rings_->reader(at).owner();
  const std::int32_t pid = segment_.record(at).pid.load();
  return owner.is_none() ? pid == 0 && !rings_->is_empty(at) : owner.pid() != pid;
}

void LeftLines::begin_to_write() {
  const std::vector<ipc::Place> places = take_from_dead();
  if (places.empty()) {
    return;
  }
  std::packaged_task<Lost()> task([rings = rings_, places] { return write(*rings, places); });
  written_ = task.get_future();
  try {
    const ipc::BlockedSignals blocked;
    // Nobody joins it: one that does not come back from the disk ends with the process.
    std::thread(std::move(task)).detach();
  } catch (const std::system_error&) {
    std::promise<Lost> by_myself;
    written_ = by_myself.get_future();
    by_myself.set_value(write(*rings_, places));
  }
}

std::string LeftLines::take_news(std::chrono::milliseconds patience) {
  if (!written_.valid() || written_.wait_for(patience) != std::future_status::ready) {
    return {};
  }
  const Lost lost = written_.get();
  if (lost.lines == 0) {
    return {};
  }
  return std::to_string(lost.lines) + (lost.lines == 1 ? " line" : " lines") +
         " of the access log were lost: " + std::string(ipc::error_text(lost.error)) +
         " (left by workers that have ended)";
}

LeftLines::Lost LeftLines::write(const ipc::LogRings& rings,
                                 const std::vector<ipc::Place>& places) {
  const std::uint64_t give_up_ns = ipc::monotonic_ns() + kReaderPatienceNs;
  Lost all;
  for (const ipc::Place at : places) {
    const Lost lost = write_one(rings, at, give_up_ns);
    all.lines += lost.lines;
    rings.lost() += lost.lines;
    all.error = lost.error != 0 ? lost.error : all.error;
    rings.reader(at).release();
  }
  return all;
}

// The seat may have a process by now that pushes more: that is for itself to write.
LeftLines::Lost LeftLines::write_one(const ipc::LogRings& rings, ipc::Place at,
                                     std::uint64_t give_up_ns) {
  try {
    const std::unique_ptr<ipc::LineRing> ring = rings.open(at);
    const std::uint64_t until = ring->end();
    ipc::LineSink sink;
    sink.share_torn_mark(rings.torn_mark());
    if (const int error = exchange::open_log_target(sink, ring->target()); error != 0) {
      return {ipc::drop_lines(*ring, until), error};
    }
    ipc::skip_written_lines(*ring, sink);
    Lost lost;
    while (true) {
      const ipc::MovedLines moved = ipc::move_lines(*ring, sink, until);
      lost.lines += moved.lost;
      lost.error = moved.error != 0 ? moved.error : lost.error;
      if (moved.error != EAGAIN || ipc::monotonic_ns() >= give_up_ns) {
        lost.lines += ipc::drop_lines(*ring, until);
        return lost;
      }
      ::poll(nullptr, 0, kLookMs);
    }
  } catch (const std::exception&) {
    return {};  // no memory to look at it: whoever has the seat next does
  }
}

}  // namespace prefork::observer
