// What people call a signal (signal(7)). A pure function; any thread.
#pragma once

#include <cstring>
#include <string>

namespace prefork::ipc {

// "SIGSEGV"; the number of one without a name.
inline std::string signal_name(int signal) {
  const char* const name = ::sigabbrev_np(signal);
  return name != nullptr ? std::string("SIG") + name : std::to_string(signal);
}

}  // namespace prefork::ipc
