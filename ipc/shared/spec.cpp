#include "ipc/shared/spec.h"

#include <algorithm>

#include "ipc/shared/barrier.h"
#include "ipc/shared/byte_map.h"
#include "ipc/shared/byte_queue.h"
#include "ipc/shared/event.h"
#include "ipc/shared/once.h"
#include "ipc/shared/rate_limit.h"
#include "ipc/shared/rw_lock.h"
#include "ipc/shared/semaphore.h"
#include "ipc/shared/shared_number.h"
#include "ipc/shared/topic.h"

namespace prefork::ipc {

namespace {

constexpr std::uint64_t kLongestIntervalNs = 86'400'000'000'000;  // a day
constexpr std::uint64_t kLongestWindowNs = 365 * kLongestIntervalNs;

bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_'; }
bool is_in_name(char c) {
  return is_letter(c) || (c >= '0' && c <= '9') || c == '.' || c == ':' || c == '-';
}

std::string outside(std::string_view what, std::uint64_t least, std::uint64_t most) {
  return std::string(what) + " must be " + std::to_string(least) + " to " + std::to_string(most);
}

bool is_within(std::uint64_t value, std::uint64_t most) { return value >= 1 && value <= most; }

}  // namespace

std::string_view to_string(SharedKind kind) {
  switch (kind) {
    case SharedKind::number:
      return "number";
    case SharedKind::event:
      return "event";
    case SharedKind::semaphore:
      return "semaphore";
    case SharedKind::mutex:
      return "mutex";
    case SharedKind::rw_lock:
      return "read-write lock";
    case SharedKind::once:
      return "once";
    case SharedKind::barrier:
      return "barrier";
    case SharedKind::rate_limit:
      return "rate limit";
    case SharedKind::queue:
      return "queue";
    case SharedKind::map:
      return "map";
    case SharedKind::topic:
      return "topic";
    case SharedKind::none:
      break;
  }
  return {};
}

bool is_shared_name(std::string_view text) {
  return !text.empty() && text.size() <= SharedSpec::kMaxNameBytes && is_letter(text.front()) &&
         std::all_of(text.begin(), text.end(), is_in_name);
}

std::string find_fault(const SharedSpec& spec) {
  if (!is_shared_name(spec.name)) {
    return "a name has letters, digits and _ . : -, at most " +
           std::to_string(SharedSpec::kMaxNameBytes) + ", and begins with a letter or _";
  }
  switch (spec.kind) {
    case SharedKind::semaphore:
      return is_within(spec.count, Semaphore::kMaxUnits)
                 ? ""
                 : outside("the units", 1, Semaphore::kMaxUnits);
    case SharedKind::barrier:
      return is_within(spec.count, Barrier::kMaxParties)
                 ? ""
                 : outside("the parties", 1, Barrier::kMaxParties);
    case SharedKind::rate_limit:
      if (!is_within(spec.count, SharedSpec::kMaxBurst)) {
        return outside("the burst", 1, SharedSpec::kMaxBurst);
      }
      return is_within(spec.interval_ns, kLongestIntervalNs) &&
                     spec.interval_ns <= kLongestWindowNs / spec.count
                 ? ""
                 : "between two there is at least a nanosecond and at most a day, and for the "
                   "whole "
                   "burst at most a year";
    case SharedKind::queue:
    case SharedKind::topic:
      if (!is_within(spec.count, SharedSpec::kMaxCells)) {
        return outside("the pieces", 1, SharedSpec::kMaxCells);
      }
      return is_within(spec.bytes, SharedSpec::kMaxCellBytes)
                 ? ""
                 : outside("the bytes of a piece", 1, SharedSpec::kMaxCellBytes);
    case SharedKind::map:
      return is_within(spec.count, SharedSpec::kMaxCells)
                 ? ""
                 : outside("the keys", 1, SharedSpec::kMaxCells);
    default:
      return to_string(spec.kind).empty() ? "there is no such kind" : "";
  }
}

std::string describe(const SharedSpec& spec) {
  const std::string kind(to_string(spec.kind));
  const std::string count = std::to_string(spec.count);
  switch (spec.kind) {
    case SharedKind::semaphore:
      return kind + " of " + count + " units";
    case SharedKind::barrier:
      return kind + " of " + count + " parties";
    case SharedKind::rate_limit:
      return kind + " of one in " + std::to_string(spec.interval_ns) + " ns and a burst of " +
             count;
    case SharedKind::queue:
    case SharedKind::topic:
      return kind + " of " + count + " pieces of at most " + std::to_string(spec.bytes) + " bytes";
    case SharedKind::map:
      return kind + " of " + count + " keys";
    default:
      return kind;
  }
}

std::size_t size_of(const SharedSpec& spec) {
  switch (spec.kind) {
    case SharedKind::number:
      return sizeof(SharedNumber);
    case SharedKind::event:
      return sizeof(Event);
    case SharedKind::semaphore:
      return sizeof(Semaphore);
    case SharedKind::mutex:
      return sizeof(Mutex);
    case SharedKind::rw_lock:
      return sizeof(RwLock);
    case SharedKind::once:
      return sizeof(Once);
    case SharedKind::barrier:
      return sizeof(Barrier);
    case SharedKind::rate_limit:
      return sizeof(RateLimit);
    case SharedKind::queue:
      return sizeof(QueueState) + ByteQueue::bytes_for({spec.count, spec.bytes});
    case SharedKind::map:
      return sizeof(MapState) + slots_for(spec.count) * sizeof(MapSlot);
    case SharedKind::topic:
      return sizeof(TopicState) + Topic::bytes_for({spec.count, spec.bytes});
    case SharedKind::none:
      break;
  }
  return 0;
}

}  // namespace prefork::ipc
