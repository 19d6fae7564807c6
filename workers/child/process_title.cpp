#include "workers/child/process_title.h"

#include <sys/prctl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <string>

namespace prefork::child {

namespace {

char* title_begin = nullptr;
std::size_t title_capacity = 0;

constexpr std::size_t kRoomWanted = 32;  // "prefork-server: worker 255" and some more

// What syslog(3), err(3) and assert(3) call the program by, and what libraries read: they point
// into the room that the title takes.
void keep_program_name() {
  char* const name = ::strdup(program_invocation_name);
  if (name == nullptr) {
    return;
  }
  program_invocation_short_name = name + (program_invocation_short_name - program_invocation_name);
  program_invocation_name = name;
}

}  // namespace

void prepare_process_title(int argc, char** argv) {
  if (argc < 1 || environ == nullptr) {
    return;
  }
  char* end = argv[0];
  for (int i = 0; i < argc; ++i) {
    if (argv[i] == end) {
      end = argv[i] + std::strlen(argv[i]) + 1;
    }
  }
  // The strings of the environment follow those of the arguments. As many of them as the longest
  // title needs are copied and give their room; the others stay where libraries may have found
  // them. Copies and table are never freed: destructors of libraries read the environment after
  // main.
  std::size_t taken = 0;
  while (environ[taken] != nullptr && environ[taken] == end &&
         static_cast<std::size_t>(end - argv[0]) < kRoomWanted) {
    end = environ[taken] + std::strlen(environ[taken]) + 1;
    ++taken;
  }
  for (std::size_t i = 0; i < taken; ++i) {
    char* const copy = ::strdup(environ[i]);
    if (copy == nullptr) {
      end = environ[i];
      break;
    }
    environ[i] = copy;
  }
  keep_program_name();
  title_begin = argv[0];
  title_capacity = static_cast<std::size_t>(end - argv[0]);
}

void set_process_title(std::string_view title) {
  const std::string full = "prefork-server: " + std::string(title);
  if (title_capacity > 1) {
    std::memset(title_begin, 0, title_capacity);
    std::memcpy(title_begin, full.data(), std::min(full.size(), title_capacity - 1));
  }
  // The short name, for top and ps -L: 15 characters at most, so the word that tells them apart.
  // Without spaces: scripts count the fields of /proc/PID/stat.
  // The master goes by the program's, so that what a person types finds it.
  std::string name = title == "master" ? "prefork-server" : "pf-" + std::string(title);
  std::replace(name.begin(), name.end(), ' ', '-');
  ::prctl(PR_SET_NAME, name.substr(0, 15).c_str());
}

}  // namespace prefork::child
