// Preloaded into a server that valgrind runs: the valgrind of Debian 12 (3.19) does not know
// openat2(2), without which no files are served. openat(2) takes its place, which does not keep to
// the folder; all other calls go on to the C library, for some forty instructions each.
#include <dlfcn.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <unistd.h>

#include <cstdarg>

extern "C" long syscall(long number, ...) noexcept {
  using Call = long (*)(long, ...);
  static const Call kOfLibrary = reinterpret_cast<Call>(::dlsym(RTLD_NEXT, "syscall"));
  long arguments[6];
  std::va_list list;
  va_start(list, number);
  for (long& argument : arguments) argument = va_arg(list, long);
  va_end(list);
  if (number == SYS_openat2) {
    const auto* const how = reinterpret_cast<const open_how*>(arguments[2]);
    return ::openat(static_cast<int>(arguments[0]), reinterpret_cast<const char*>(arguments[1]),
                    static_cast<int>(how->flags), static_cast<mode_t>(how->mode));
  }
  return kOfLibrary(number, arguments[0], arguments[1], arguments[2], arguments[3], arguments[4],
                    arguments[5]);
}
