#include "workers/child/shared_mark.h"

#include <sys/mman.h>
#include <unistd.h>

#include <utility>

namespace prefork::child {

SharedMark::SharedMark() : memory_(::memfd_create("prefork-log", MFD_CLOEXEC)) {
  if (memory_.valid() && ::ftruncate(memory_.get(), sizeof own_) != 0) {
    memory_.reset();
  }
  map(memory_.get());
}

SharedMark::SharedMark(ipc::OwnedFd memory) {
  const ipc::OwnedFd mapped_once = std::move(memory);
  map(mapped_once.get());
}

// Zero is its initial value.
void SharedMark::map(int memory) {
  void* const mapped =
      memory < 0 ? MAP_FAILED
                 : ::mmap(nullptr, sizeof own_, PROT_READ | PROT_WRITE, MAP_SHARED, memory, 0);
  mark_ = mapped == MAP_FAILED ? &own_ : static_cast<std::atomic<bool>*>(mapped);
}

SharedMark::~SharedMark() {
  if (mark_ != &own_) {
    ::munmap(mark_, sizeof own_);
  }
}

}  // namespace prefork::child
