#include "ipc/log/log_writer.h"

#include <linux/futex.h>
#include <poll.h>
#include <pthread.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <condition_variable>
#include <ctime>
#include <mutex>
#include <thread>
#include <utility>
#include <vector>

#include "ipc/base/atomic.h"
#include "ipc/base/blocked_signals.h"
#include "ipc/base/monotonic.h"
#include "ipc/log/line_mover.h"

namespace prefork::ipc {

namespace {

constexpr long kNapNs = 10'000'000;
// It is woken so often, unless it finds nothing in between, before it only naps.
constexpr int kPromptWakes = 10;
// A ring that is filled so far while its thread naps has it woken.
constexpr std::size_t kHurryBytes = LineRing::kBytes / 4;
// Once it was full, lines are taken again when so much of it is free.
constexpr std::size_t kRoomyBytes = LineRing::kBytes / 16;
// How long a reader that makes no room is waited for at a time.
constexpr int kRoomPatienceMs = 100;

}  // namespace

// For as long as one of them is there.
class LogWriter::Desk {
 public:
  Desk(std::unique_ptr<LineRing> ring, OwnerWord& reader, std::unique_ptr<LineSink> sink)
      : ring_(std::move(ring)), reader_(reader), sink_(std::move(sink)) {}

  // --- the event loop ---
  bool append(std::string_view line) {
    if (!ring_->push(line)) {
      return false;
    }
    const std::uint32_t rest = rest_.load();
    if (rest == kAsleep || (rest == kNapping && ring_->size() >= kHurryBytes)) {
      wake();
    }
    return true;
  }
  [[nodiscard]] std::size_t room() const { return LineRing::kBytes - ring_->size(); }
  [[nodiscard]] int error() const { return error_.load(); }
  std::uint64_t take_lost() { return lost_.exchange(0); }
  int take_open_error() { return open_error_.exchange(0); }
  void change_sink(Opener open) {
    {
      const std::lock_guard lock(mutex_);
      next_sinks_.push_back({std::move(open), ring_->end()});
    }
    wake();
  }
  // False: the thread is still there.
  bool finish(std::chrono::milliseconds patience);
  [[nodiscard]] bool is_done() const { return ring_->empty(); }
  // While there is no thread.
  [[nodiscard]] std::unique_ptr<LineSink> give_sink_back() { return std::move(sink_); }

  // --- the thread ---
  void run();

 private:
  struct NextSink {
    Opener open;
    std::uint64_t from = 0;  // a position in the ring
  };

  // What the thread does.
  static constexpr std::uint32_t kAwake = 0;
  static constexpr std::uint32_t kNapping = 1;  // for a moment
  static constexpr std::uint32_t kAsleep = 2;   // until it is woken

  void wake() {
    if (rest_.exchange(kAwake) != kAwake) {
      ::syscall(SYS_futex, &rest_, FUTEX_WAKE_PRIVATE, 1, nullptr, nullptr, 0);
    }
  }
  void rest(std::uint32_t how, std::uint64_t seen);
  bool become_reader();
  MovedLines move_all(std::uint64_t until);
  void note(const MovedLines& moved);
  void wait_for_room(bool was_in_vain);
  [[nodiscard]] bool is_out_of_patience() const {
    return is_to_finish_.load() && monotonic_ns() >= finish_by_ns_.load();
  }
  void leave(bool is_reader);

  const std::unique_ptr<LineRing> ring_;
  OwnerWord& reader_;
  std::unique_ptr<LineSink> sink_;  // the thread's
  Atomic<std::uint32_t> rest_{kAwake};
  std::atomic<std::uint64_t> lost_{0};
  std::atomic<int> error_{0};
  std::atomic<int> open_error_{0};
  std::atomic<std::uint64_t> finish_by_ns_{0};
  std::atomic<bool> is_to_finish_{false};
  std::mutex mutex_;
  std::condition_variable has_left_;
  bool is_gone_ = false;
  std::vector<NextSink> next_sinks_;
};

bool LogWriter::Desk::finish(std::chrono::milliseconds patience) {
  finish_by_ns_.store(monotonic_ns() + to_ns(patience));
  is_to_finish_.store(true);
  wake();
  std::unique_lock lock(mutex_);
  // Who is late by a look at a reader that makes no room is waited for.
  const auto limit = patience + std::chrono::milliseconds(2 * kRoomPatienceMs);
  return has_left_.wait_for(lock, limit, [this] { return is_gone_; });
}

// `seen`: how far it has looked; it does not go to sleep over what came since.
void LogWriter::Desk::rest(std::uint32_t how, std::uint64_t seen) {
  rest_.store(how);
  const bool is_news = how == kAsleep ? ring_->end() != seen : ring_->size() >= kHurryBytes;
  bool is_order = is_to_finish_.load();
  {
    const std::lock_guard lock(mutex_);
    is_order = is_order || !next_sinks_.empty();
  }
  if (!is_news && !is_order) {
    const timespec nap{0, kNapNs};
    ::syscall(SYS_futex, &rest_, FUTEX_WAIT_PRIVATE, how, how == kAsleep ? nullptr : &nap, nullptr,
              0);
  }
  rest_.store(kAwake);
}

// The one before may be the observer, who is writing what the last process of the seat has left.
bool LogWriter::Desk::become_reader() {
  while (reader_.take_even_from_dead() == Taken::no) {
    if (is_out_of_patience()) {
      return false;
    }
    const timespec nap{0, kNapNs};
    ::nanosleep(&nap, nullptr);
  }
  skip_written_lines(*ring_, *sink_);
  return true;
}

void LogWriter::Desk::note(const MovedLines& moved) {
  lost_.fetch_add(moved.lost);
  error_.store(moved.error);
}

MovedLines LogWriter::Desk::move_all(std::uint64_t until) {
  std::vector<NextSink> next_sinks;
  {
    const std::lock_guard lock(mutex_);
    next_sinks.swap(next_sinks_);
  }
  for (const NextSink& next : next_sinks) {
    note(move_lines(*ring_, *sink_, next.from));
    auto sink = std::make_unique<LineSink>();
    if (const int error = next.open(*sink); error == 0) {
      sink_ = std::move(sink);
    } else {
      open_error_.store(error);
    }
  }
  const MovedLines moved = move_lines(*ring_, *sink_, until);
  note(moved);
  return moved;
}

void LogWriter::Desk::wait_for_room(bool was_in_vain) {
  pollfd target{sink_->fd(), POLLOUT, 0};
  if (::poll(&target, 1, kRoomPatienceMs) != 0 && was_in_vain) {
    // What says that it has room and has none is not asked all the time.
    const timespec nap{0, kNapNs};
    ::nanosleep(&nap, nullptr);
  }
}

void LogWriter::Desk::run() {
  ::pthread_setname_np(::pthread_self(), "access-log");
  if (!become_reader()) {
    return leave(false);
  }
  int prompt_wakes = kPromptWakes;
  while (true) {
    // Before it looks for orders: what is pushed behind an order is behind its position.
    const std::uint64_t until = ring_->end();
    const bool is_last = is_to_finish_.load();
    const MovedLines moved = move_all(is_last ? ring_->end() : until);
    if (is_last && (moved.error != EAGAIN || is_out_of_patience())) {
      return leave(true);
    }
    if (moved.error == EAGAIN) {
      wait_for_room(moved.bytes == 0);
      continue;
    }
    prompt_wakes = moved.bytes == 0 ? kPromptWakes : std::max(prompt_wakes - 1, 0);
    rest(prompt_wakes == 0 ? kNapping : kAsleep, until);
  }
}

void LogWriter::Desk::leave(bool is_reader) {
  if (is_reader) {
    lost_.fetch_add(drop_lines(*ring_));
    ring_->give_back();
    reader_.release();
  }
  // Under the lock: whoever hears of it may end the process.
  const std::lock_guard lock(mutex_);
  is_gone_ = true;
  has_left_.notify_all();
}

LogWriter::LogWriter(std::unique_ptr<LineRing> ring, OwnerWord& reader,
                     std::unique_ptr<LineSink>& sink)
    : desk_(std::make_shared<Desk>(std::move(ring), reader, std::move(sink))) {
  const BlockedSignals blocked;
  try {
    thread_ = std::thread([desk = desk_] { desk->run(); });
  } catch (...) {
    sink = desk_->give_sink_back();
    throw;
  }
}

LogWriter::~LogWriter() { finish(std::chrono::milliseconds(0)); }

bool LogWriter::append(std::string_view line) { return desk_->append(line); }

bool LogWriter::is_roomy() const { return desk_->room() >= kRoomyBytes; }

int LogWriter::error() const { return desk_->error(); }

std::uint64_t LogWriter::take_lost() { return desk_->take_lost(); }

void LogWriter::change_sink(Opener open) { desk_->change_sink(std::move(open)); }

int LogWriter::take_open_error() { return desk_->take_open_error(); }

bool LogWriter::finish(std::chrono::milliseconds patience) {
  if (!thread_.joinable()) {
    return desk_->is_done();
  }
  if (!desk_->finish(patience)) {
    thread_.detach();
    return false;
  }
  thread_.join();
  return desk_->is_done();
}

}  // namespace prefork::ipc
