#include "ipc/leadership.h"

#include <fcntl.h>
#include <sys/mman.h>

#include <cerrno>
#include <system_error>

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
}

bool Leadership::try_take() {
  if (!is_held() && !given_up_ && set_lock(file_.get(), F_WRLCK)) {
    held_.store(true, std::memory_order_release);
  }
  return is_held();
}

void Leadership::give_up() {
  given_up_ = true;
  if (held_.exchange(false)) {
    set_lock(file_.get(), F_UNLCK);
  }
}

}  // namespace prefork::ipc
