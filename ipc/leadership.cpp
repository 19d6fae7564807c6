#include "ipc/leadership.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cerrno>
#include <system_error>
#include <utility>

namespace prefork::ipc {

namespace {

bool set_lock(int fd, short type) {
  struct flock lock {};
  lock.l_type = type;
  lock.l_whence = SEEK_SET;
  lock.l_len = 1;
  return ::fcntl(fd, F_SETLK, &lock) == 0;
}

}  // namespace

Leadership::Leadership() : file_(::memfd_create("prefork-leader", MFD_CLOEXEC)) {
  if (!file_.valid()) {
    throw std::system_error(errno, std::generic_category(), "memfd_create for the leader's lock");
  }
  if (::ftruncate(file_.get(), sizeof *leaders_) != 0) {
    throw std::system_error(errno, std::generic_category(), "memory for the number of leaders");
  }
  map();
}

Leadership::Leadership(OwnedFd file) : file_(std::move(file)) { map(); }

// Zero is the number's initial value.
void Leadership::map() {
  void* const memory =
      ::mmap(nullptr, sizeof *leaders_, PROT_READ | PROT_WRITE, MAP_SHARED, file_.get(), 0);
  if (memory == MAP_FAILED) {
    throw std::system_error(errno, std::generic_category(), "memory for the number of leaders");
  }
  leaders_ = static_cast<std::atomic<std::uint64_t>*>(memory);
}

Leadership::~Leadership() { ::munmap(leaders_, sizeof *leaders_); }

bool Leadership::try_take() {
  if (!is_held() && !given_up_ && set_lock(file_.get(), F_WRLCK)) {
    token_.store(leaders_->fetch_add(1) + 1, std::memory_order_release);
  }
  return is_held();
}

void Leadership::give_up() {
  given_up_ = true;
  if (token_.exchange(0) != 0) {
    set_lock(file_.get(), F_UNLCK);
  }
}

}  // namespace prefork::ipc
