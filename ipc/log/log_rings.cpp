#include "ipc/log/log_rings.h"

#include <sys/mman.h>
#include <sys/stat.h>

#include <array>
#include <stdexcept>
#include <utility>

#include "ipc/base/check.h"
#include "ipc/base/shared_memory.h"

namespace prefork::ipc {

namespace {

constexpr const char* kLogRingsWhat = "the lines of the access log";
constexpr std::size_t kMostRings = 1024;

}  // namespace

// Beside the rings, so that whoever looks for dead readers touches no page of theirs.
struct LogRings::Directory {
  std::atomic<bool> torn;
  std::array<OwnerWord, kMostRings> readers;
  std::atomic<std::uint64_t> lost;
};

std::size_t LogRings::directory_bytes() { return sizeof(Directory); }

// In the room of a ring, which keeps the others aligned.
std::size_t LogRings::offset_of(Place at) const {
  return LineRing::kMemoryBytes * (1 + number_of(at));
}

LogRings::LogRings(std::uint32_t slots) : slots_(slots) {
  memory_ = make_shared_memory("prefork-access-log", offset_of({slots - 1, kSeatsPerSlot}),
                               kLogRingsWhat);
  map();
}

LogRings::LogRings(OwnedFd memory, std::uint32_t slots)
    : memory_(std::move(memory)), slots_(slots) {
  struct stat about {};
  if (::fstat(memory_.get(), &about) != 0 ||
      std::cmp_not_equal(about.st_size, offset_of({slots - 1, kSeatsPerSlot}))) {
    throw std::runtime_error("the lines of the access log are not those of so many slots");
  }
  map();
}

LogRings::~LogRings() { ::munmap(directory_, sizeof(Directory)); }

// Zero is its initial state.
void LogRings::map() {
  directory_ =
      static_cast<Directory*>(map_shared_memory(memory_, sizeof(Directory), kLogRingsWhat));
}

std::size_t LogRings::number_of(Place at) const {
  PREFORK_CHECK(at.slot < slots_ && slots_ * kSeatsPerSlot <= kMostRings);
  return std::size_t{at.slot} * kSeatsPerSlot + at.seat;
}

OwnerWord& LogRings::reader(Place at) const {
  PREFORK_CHECK(at.seat < kSeatsPerSlot);
  return directory_->readers[number_of(at)];
}

std::atomic<bool>& LogRings::torn_mark() const { return directory_->torn; }

std::atomic<std::uint64_t>& LogRings::lost() const { return directory_->lost; }

bool LogRings::is_empty(Place at) const { return LineRing::is_empty(memory_, offset_of(at)); }

std::unique_ptr<LineRing> LogRings::open(Place at) const {
  PREFORK_CHECK(at.seat < kSeatsPerSlot);
  return std::make_unique<LineRing>(memory_, offset_of(at));
}

}  // namespace prefork::ipc
