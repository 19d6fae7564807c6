#include "ipc/log/line_ring.h"

#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstddef>
#include <cstring>

#include "ipc/base/shared_memory.h"

namespace prefork::ipc {

namespace {

constexpr const char* kMapping = "mmap of lines of the access log";
constexpr std::size_t kMappedBytes = LineRing::kMemoryBytes + LineRing::kBytes;

void* map_at(void* place, std::size_t size, int memory, std::size_t offset) {
  return ::mmap(place, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_FIXED, memory,
                static_cast<off_t>(offset));
}

}  // namespace

LineRing::LineRing(const OwnedFd& memory, std::size_t offset) {
  // The room is reserved first, so that nothing else comes to lie between the two.
  void* const room =
      ::mmap(nullptr, kMappedBytes, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (room == MAP_FAILED) {
    throw_errno(kMapping);
  }
  char* const base = static_cast<char*>(room);
  if (map_at(base, kMemoryBytes, memory.get(), offset) == MAP_FAILED ||
      map_at(base + kMemoryBytes, kBytes, memory.get(), offset + kHeadBytes) == MAP_FAILED) {
    const int error = errno;
    ::munmap(room, kMappedBytes);
    errno = error;
    throw_errno(kMapping);
  }
  // What clients have sent is not for core dumps.
  static_cast<void>(::madvise(room, kMappedBytes, MADV_DONTDUMP));
  head_ = static_cast<Head*>(room);
  data_ = base + kHeadBytes;
  begin_seen_ = head_->begin.load();
}

// Memory that nobody has touched is read as zeros, and stays untouched.
bool LineRing::is_empty(const OwnedFd& memory, std::size_t offset) {
  constexpr std::size_t kWords = (offsetof(Head, begin) + sizeof(std::uint64_t)) / 8;
  std::array<std::uint64_t, kWords> words{};
  const ssize_t size =
      ::pread(memory.get(), words.data(), sizeof words, static_cast<off_t>(offset));
  return size != static_cast<ssize_t>(sizeof words) ||
         words[offsetof(Head, end) / 8] == words[offsetof(Head, begin) / 8];
}

LineRing::~LineRing() { ::munmap(head_, kMappedBytes); }

bool LineRing::push(std::string_view line) {
  const std::uint64_t end = head_->end.load(std::memory_order_relaxed);
  if (end + line.size() - begin_seen_ > kBytes) {
    begin_seen_ = head_->begin.load(std::memory_order_acquire);
    if (end + line.size() - begin_seen_ > kBytes) {
      return false;
    }
  }
  std::memcpy(data_ + end % kBytes, line.data(), line.size());
  // In one order with what a thread says that goes to sleep; see LogWriter.
  head_->end.store(end + line.size());
  return true;
}

void LineRing::set_target(std::string_view path) {
  const std::size_t size = path.size() < kMaxTargetBytes ? path.size() : 0;
  path.copy(head_->target.data(), size);
  head_->target[size] = '\0';
}

std::string LineRing::target() const {
  return {head_->target.data(), ::strnlen(head_->target.data(), kMaxTargetBytes - 1)};
}

std::string_view LineRing::lines(std::uint64_t until) {
  const std::uint64_t begin = head_->begin.load(std::memory_order_relaxed);
  const std::uint64_t end = head_->end.load(std::memory_order_acquire);
  if (end - begin > kBytes) {
    head_->begin.store(end);  // no producer of ours has left that
    return {};
  }
  const std::uint64_t last = std::min(end, until);
  return {data_ + begin % kBytes, last > begin ? last - begin : 0};
}

void LineRing::pop(std::size_t bytes) {
  head_->begin.store(head_->begin.load(std::memory_order_relaxed) + bytes,
                     std::memory_order_release);
}

void LineRing::note_begun(const Begun& begun) {
  head_->file_device.store(begun.file.device, std::memory_order_relaxed);
  head_->file_inode.store(begun.file.inode, std::memory_order_relaxed);
  head_->file_size.store(begun.file.size, std::memory_order_relaxed);
  head_->begun_end.store(head_->begin.load(std::memory_order_relaxed) + begun.bytes,
                         std::memory_order_release);
}

std::optional<LineRing::Begun> LineRing::begun() const {
  const std::uint64_t bytes = head_->begun_end.load(std::memory_order_acquire) -
                              head_->begin.load(std::memory_order_relaxed);
  if (bytes == 0 || bytes > size()) {
    return std::nullopt;
  }
  return Begun{bytes,
               {head_->file_device.load(std::memory_order_relaxed),
                head_->file_inode.load(std::memory_order_relaxed),
                head_->file_size.load(std::memory_order_relaxed)}};
}

void LineRing::give_back() { static_cast<void>(::madvise(data_, kBytes, MADV_REMOVE)); }

}  // namespace prefork::ipc
