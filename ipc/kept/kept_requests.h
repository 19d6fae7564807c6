// The requests that workers have handed to the application, as they came: what is left of them when
// a worker dies (--keep-requests). One mapping that all workers and the master share, made by the
// master before the first fork where somebody wants it; memory is given out when first touched.
//
// Each process has boxes of a fixed size that it alone writes, each by one thread at a time. The
// master reads them when the process is gone, and believes no size that it finds there.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "ipc/base/owned_fd.h"
#include "ipc/base/process_id.h"

namespace prefork::ipc {

// A copy of what was in a box.
struct KeptRequest {
  std::uint64_t id = 0;          // counts the worker's requests
  std::uint64_t body_bytes = 0;  // that it had
  bool is_streamed = false;      // its handler read the body while it came: none of it is here
  std::string head;
  std::string body;  // the beginning of it
};

class KeptRequests {
 public:
  static constexpr std::uint32_t kBoxes = 64;  // of a process: as many requests at a time
  static constexpr std::size_t kMaxHeadBytes = std::size_t{48} << 10;
  static constexpr std::size_t kMaxBodyBytes = std::size_t{64} << 10;

  // Zero is the initial value of all of it.
  struct alignas(64) Box {
    std::atomic<std::uint64_t> id;  // 0: there is nothing in it; written last, and first cleared
    std::uint64_t body_bytes;
    std::uint32_t head_size;
    std::uint32_t body_size;
    std::uint32_t is_streamed;
    char head[kMaxHeadBytes];
    char body[kMaxBodyBytes];
  };

  // Of so many slots. Both throw std::exception; the second one where the memory is no such thing.
  explicit KeptRequests(std::uint32_t slots);
  KeptRequests(OwnedFd memory, std::uint32_t slots);
  ~KeptRequests() { unmap(); }
  KeptRequests(const KeptRequests&) = delete;
  KeptRequests& operator=(const KeptRequests&) = delete;

  // The memory behind the mapping.
  [[nodiscard]] int fd() const { return memory_.get(); }
  // In a process whom the requests do not concern. Leaves the descriptor: it may be another's
  // there.
  void unmap();

  // The process's own. Aborts where there is none.
  [[nodiscard]] Box& box(Place at, std::uint32_t index) const;

  // Of a process that is gone: what it had in its boxes, at most `most` of them. They are empty
  // then.
  [[nodiscard]] std::vector<KeptRequest> take(Place at, std::size_t most) const;

 private:
  void map();

  OwnedFd memory_;
  std::uint32_t slots_;
  std::size_t size_;
  void* base_ = nullptr;
};

}  // namespace prefork::ipc
