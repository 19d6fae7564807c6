// Names of logs that mean what the process was started with, and no file.
#pragma once

#include <unistd.h>

#include <optional>
#include <string_view>

namespace prefork::config {

// "/dev/stdout", "/dev/fd/2": the descriptor. These names cannot be opened where it is a socket, as
// a service manager may have it, or the pipe of another user.
inline std::optional<int> standard_descriptor_of(std::string_view path) {
  if (path == "/dev/stdout" || path == "/dev/fd/1" || path == "/proc/self/fd/1") {
    return STDOUT_FILENO;
  }
  if (path == "/dev/stderr" || path == "/dev/fd/2" || path == "/proc/self/fd/2") {
    return STDERR_FILENO;
  }
  return std::nullopt;
}

}  // namespace prefork::config
