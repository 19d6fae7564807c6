// One line per answer, each written by a single write() to a descriptor opened with O_APPEND, so
// that lines of several workers never mix. Off when no path is given.
//
//   127.0.0.1:50122 - - [21/Nov/2026:06:08:00 +0000] "GET / HTTP/1.1" 200 13 "-" "curl/8" 184us w2
//
// The combined log format of other servers, then the time from the head's last byte to the answer
// and the worker's slot. Control characters, quotes and backslashes of the client's are escaped.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "config/base/result.h"
#include "ipc/base/owned_fd.h"
#include "server/http/request.h"

namespace prefork::exchange {

class AccessLog {
 public:
  // `path`: empty: off; "-": standard output; else a file that is created when missing.
  config::Result<void> open(const std::string& path, std::string_view worker_name);

  // Opens the path anew (after logrotate); keeps the old file when that fails.
  config::Result<void> reopen();

  [[nodiscard]] bool is_on() const { return fd_.valid(); }

  void write(const http::Request& request, int status, std::size_t body_bytes,
             std::uint64_t duration_us);
  // For a request that could not be understood.
  void write_malformed(const ipc::PeerAddress& peer, int status);

 private:
  void begin_line(const ipc::PeerAddress& peer);
  void end_line(int status, std::size_t body_bytes, std::string_view referer,
                std::string_view agent, std::uint64_t duration_us);
  void append_escaped(std::string_view text);

  std::string path_;
  std::string worker_name_;
  std::string line_;
  ipc::OwnedFd fd_;
};

}  // namespace prefork::exchange
