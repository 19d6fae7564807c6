// A request that a worker has left, as a file: lines about it, an empty one, and then the request
// as it is to be sent again. Values and pure functions; no process has to be there.
//
//   prefork-request 1
//   worker: 2 (pid 4711), generation 1
//   end: signal 11 (SIGSEGV)
//   ...
//
//   POST /orders HTTP/1.1
//   Host: shop.example
//   ...
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "ipc/kept/kept_requests.h"

namespace prefork::ipc {

// What is known of the end of the worker that had it.
struct KeptAbout {
  std::uint32_t slot = 0;
  std::int32_t pid = 0;
  std::uint32_t generation = 0;
  std::string end;   // "signal 11 (SIGSEGV)"
  std::string time;  // of it
};

std::string kept_file_text(const KeptRequest& request, const KeptAbout& about);

struct KeptFile {
  std::string about;    // the lines, but for the first
  std::string request;  // what is to be sent
};
// Nothing: it is no such file.
std::optional<KeptFile> parse_kept_file(std::string_view text);

}  // namespace prefork::ipc
