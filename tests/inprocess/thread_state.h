// Whether a thread of this process sleeps in the kernel (proc(5): state S).
#pragma once

#include <sys/types.h>

#include <fstream>
#include <string>

namespace prefork::test {

inline bool is_asleep(pid_t thread) {
  std::ifstream file("/proc/self/task/" + std::to_string(thread) + "/stat");
  std::string word;
  return thread != 0 && file >> word >> word >> word && word == "S";
}

}  // namespace prefork::test
