#include "ipc/base/shared_memory.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cerrno>
#include <system_error>

namespace prefork::ipc {

OwnedFd make_shared_memory(const char* name, std::size_t size, const std::string& what) {
  OwnedFd memory(::memfd_create(name, MFD_CLOEXEC | MFD_ALLOW_SEALING));
  if (!memory.valid()) {
    throw_errno("memfd_create for " + what);
  }
  if (::ftruncate(memory.get(), static_cast<off_t>(size)) != 0) {
    throw_errno("ftruncate of " + what);
  }
  static_cast<void>(::fcntl(memory.get(), F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL));
  return memory;
}

void* map_shared_memory(const OwnedFd& memory, std::size_t size, const std::string& what) {
  void* const base = ::mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_SHARED, memory.get(), 0);
  if (base == MAP_FAILED) {
    throw_errno("mmap of " + what);
  }
  return base;
}

void throw_errno(const std::string& what) {
  throw std::system_error(errno, std::generic_category(), what);
}

}  // namespace prefork::ipc
