#include "server/native/shared_object.h"

#include <dlfcn.h>
#include <elf.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "ipc/base/owned_fd.h"

namespace prefork::native {

namespace {

constexpr const char* kVersionSymbol = "prefork_abi_version";
constexpr const char* kLoadSymbol = "prefork_load";

std::string quoted(const std::string& path) { return "'" + path + "'"; }

// What the loader would say of a file that is none is long and names no remedy.
const char* problem_of_file(const std::string& path) {
  const ipc::OwnedFd file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  if (!file.valid()) {
    return std::strerror(errno);
  }
  struct stat status {};
  if (::fstat(file.get(), &status) != 0 || !S_ISREG(status.st_mode)) {
    return "not a regular file";
  }
  Elf64_Ehdr header{};
  const ssize_t size = ::pread(file.get(), &header, sizeof header, 0);
  if (size < static_cast<ssize_t>(sizeof header) ||
      std::memcmp(header.e_ident, ELFMAG, SELFMAG) != 0) {
    return "not a shared object (build it with -fPIC -shared)";
  }
  return header.e_type == ET_DYN
             ? nullptr
             : "not a shared object but an object file or a program (link it with -shared)";
}

// dlopen(3) knows objects by their names first: a file that took the place of one that is loaded
// already (--preload and a reload) needs another name, and "/srv/././app.so" is one. The same file
// stays one object by any name.
std::string unused_name_of(const std::string& path) {
  static std::size_t loads = 0;
  std::string name = path.substr(0, path.rfind('/') + 1);
  for (std::size_t i = 0; i < loads; ++i) {
    name += "./";
  }
  ++loads;
  return name + path.substr(path.rfind('/') + 1);
}

}  // namespace

config::Result<prefork_load_function> load_shared_object(const std::string& path) {
  if (const char* problem = problem_of_file(path)) {
    return config::Problem{"cannot load " + quoted(path) + ": " + problem};
  }
  // All symbols now: a missing one is a reason not to start, not to crash in a request.
  void* const object = ::dlopen(unused_name_of(path).c_str(), RTLD_NOW | RTLD_LOCAL);
  if (object == nullptr) {
    return config::Problem{std::string("cannot load ") + ::dlerror()};
  }
  const auto* version = static_cast<const std::uint32_t*>(::dlsym(object, kVersionSymbol));
  void* const entry = ::dlsym(object, kLoadSymbol);
  if (version == nullptr || entry == nullptr) {
    return config::Problem{quoted(path) + " is no application: it does not export " +
                           (version == nullptr ? kVersionSymbol : kLoadSymbol) +
                           " (is PREFORK_APP in it?)"};
  }
  if (*version != PREFORK_ABI_VERSION) {
    return config::Problem{quoted(path) + " was built for version " + std::to_string(*version) +
                           " of the application interface; this server speaks version " +
                           std::to_string(PREFORK_ABI_VERSION) + ": build it anew"};
  }
  return reinterpret_cast<prefork_load_function>(entry);
}

}  // namespace prefork::native
