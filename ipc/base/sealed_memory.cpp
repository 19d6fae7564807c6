#include "ipc/base/sealed_memory.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <utility>

namespace prefork::ipc {

namespace {

constexpr int kAllSeals = F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE | F_SEAL_SEAL;

bool write_all(int fd, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t written = ::write(fd, bytes.data(), bytes.size());
    if (written <= 0) {
      return false;
    }
    bytes.remove_prefix(static_cast<std::size_t>(written));
  }
  return true;
}

}  // namespace

OwnedFd make_sealed_memory(const char* name, std::initializer_list<std::string_view> parts) {
  OwnedFd memory(::memfd_create(name, MFD_CLOEXEC | MFD_ALLOW_SEALING));
  if (!memory.valid()) {
    return memory;
  }
  for (const std::string_view part : parts) {
    if (!write_all(memory.get(), part)) {
      return {};
    }
  }
  return ::fcntl(memory.get(), F_ADD_SEALS, kAllSeals) == 0 ? std::move(memory) : OwnedFd();
}

bool is_sealed_memory(int fd) { return ::fcntl(fd, F_GET_SEALS) == kAllSeals; }

}  // namespace prefork::ipc
