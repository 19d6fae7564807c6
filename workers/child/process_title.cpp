#include "workers/child/process_title.h"

#include <sys/prctl.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>
#include <string>
#include <vector>

namespace prefork::child {

namespace {

char* title_begin = nullptr;
std::size_t title_capacity = 0;

}  // namespace

void prepare_process_title(int argc, char** argv) {
  if (argc < 1) {
    return;
  }
  char* end = argv[0];
  for (int i = 0; i < argc; ++i) {
    if (argv[i] == end) {
      end = argv[i] + std::strlen(argv[i]) + 1;
    }
  }
  // The strings of the environment follow those of the arguments; together they are the room. They
  // are copied once and live as long as the program.
  static std::vector<std::string> copies;
  static std::vector<char*> pointers;
  for (char** variable = environ; *variable != nullptr; ++variable) {
    copies.emplace_back(*variable);
    if (*variable == end) {
      end = *variable + std::strlen(*variable) + 1;
    }
  }
  for (std::string& copy : copies) {
    pointers.push_back(copy.data());
  }
  pointers.push_back(nullptr);
  environ = pointers.data();
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
  std::string name = "pf-" + std::string(title);
  std::replace(name.begin(), name.end(), ' ', '-');
  ::prctl(PR_SET_NAME, name.substr(0, 15).c_str());
}

}  // namespace prefork::child
