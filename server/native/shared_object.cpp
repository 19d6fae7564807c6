#include "server/native/shared_object.h"

#include <dlfcn.h>
#include <fcntl.h>
#include <link.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>
#include <string>
#include <string_view>

#include "ipc/base/error_text.h"
#include "ipc/base/owned_fd.h"
#include "server/native/elf_image.h"

namespace prefork::native {

namespace {

constexpr const char* kVersionSymbol = "prefork_abi_version";
constexpr const char* kLoadSymbol = "prefork_load";

std::string quoted(const std::string& path) { return "'" + path + "'"; }

config::Problem cannot_load(const std::string& path, const std::string& why) {
  return config::Problem{"cannot load " + quoted(path) + ": " + why};
}

// A copy has no folder, so the loader would look in vain for libraries that lie beside the
// application ($ORIGIN, ld.so(8)). Those that are there are loaded first: the loader knows them
// then by their names. What is missing or broken is told by the loader itself.
void load_libraries_beside(const std::string& path, const ElfImage& image) {
  constexpr std::string_view kOrigins[] = {"$ORIGIN", "${ORIGIN}"};
  const std::string folder = path.substr(0, path.rfind('/'));
  for (std::string beside : image.search_folders()) {
    bool is_relative = false;
    for (const std::string_view origin : kOrigins) {
      if (beside.starts_with(origin)) {
        beside.replace(0, origin.size(), folder);
        is_relative = true;
      }
    }
    for (const std::string& name : image.needed()) {
      const std::string library = beside + "/" + name;
      if (is_relative && name.find('/') == name.npos && ::access(library.c_str(), R_OK) == 0) {
        ::dlopen(library.c_str(), RTLD_NOW | RTLD_LOCAL);
      }
    }
  }
}

// Debuggers, backtraces and dladdr(3) look at this name: a descriptor's would tell them nothing.
// The loader allocates names, and this object is never unloaded.
void name_object(void* object, const std::string& path) {
  link_map* map = nullptr;
  if (::dlinfo(object, RTLD_DI_LINKMAP, &map) == 0) {
    map->l_name = ::strdup(path.c_str());
  }
}

// A debugger that follows the loader opens it too, before it has got its name: under "self" it
// would find a descriptor of its own, and wait for what comes out of that.
std::string path_of_copy(int fd) {
  std::string path = "/proc/" + std::to_string(::getpid()) + "/fd/" + std::to_string(fd);
  // Where /proc is of another pid namespace.
  return ::access(path.c_str(), R_OK) == 0 ? path : "/proc/self/fd/" + std::to_string(fd);
}

// All symbols now: a missing one is a reason not to start, not to crash in a request.
void* open_object(const ApplicationFile& file, const ElfImage& image) {
  if (file.sealed_copy < 0) {
    return ::dlopen(file.path.c_str(), RTLD_NOW | RTLD_LOCAL);
  }
  load_libraries_beside(file.path, image);
  void* const object = ::dlopen(path_of_copy(file.sealed_copy).c_str(), RTLD_NOW | RTLD_LOCAL);
  if (object != nullptr) {
    name_object(object, file.path);
  }
  return object;
}

// What the loader says, of the file that people know.
std::string loader_error(const ApplicationFile& file) {
  std::string text = ::dlerror();
  if (file.sealed_copy >= 0) {
    const std::size_t colon = text.find(": ");
    if (text.starts_with("/proc/") && colon != text.npos) {
      text.replace(0, colon, file.path);
    }
  }
  return text;
}

}  // namespace

config::Result<prefork_load_function> load_shared_object(const ApplicationFile& file) {
  const std::string& path = file.path;
  ipc::OwnedFd opened;
  if (file.sealed_copy < 0) {
    opened.reset(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
    if (!opened.valid()) {
      return cannot_load(path, std::string(ipc::error_text(errno)));
    }
  }
  // What the loader would say of a file that is none is long and names no remedy.
  const auto image = ElfImage::read(opened.valid() ? opened.get() : file.sealed_copy);
  if (!image.ok()) {
    return cannot_load(path, image.problem().text);
  }
  void* const object = open_object(file, image.value());
  if (object == nullptr) {
    return config::Problem{"cannot load " + loader_error(file)};
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
