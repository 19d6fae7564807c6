// The log of a server within a test: lines as the server writes them, kept to be read. They come
// through a pipe, so that a line that was written before an answer is there with the answer.
#pragma once

#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <mutex>
#include <string>

#include "config/options/options.h"
#include "ipc/base/owned_fd.h"
#include "workers/child/log.h"

namespace prefork::testing {

class TestLog {
 public:
  // Throws std::system_error.
  explicit TestLog(config::LogLevel level) : TestLog(make_pipe(), level) {}

  // Where the server writes; any thread.
  [[nodiscard]] child::Log& log() { return log_; }
  // Readable: there are lines to be taken in.
  [[nodiscard]] int fd() const { return lines_.get(); }
  // By the event loop, so that there is always room for more.
  void take_in();
  // What there is behind the first `offset` bytes, after waiting for some at most so long. Any
  // thread.
  std::string read(std::size_t offset, std::chrono::milliseconds patience);

 private:
  struct Pipe {
    ipc::OwnedFd read_end;
    ipc::OwnedFd write_end;
  };

  TestLog(Pipe pipe, config::LogLevel level);
  static Pipe make_pipe();
  // With the lock held.
  void drain();

  const ipc::OwnedFd lines_;
  child::Log log_;
  std::mutex mutex_;
  std::condition_variable has_more_;
  std::string text_;  // guarded by mutex_, as is reading from the pipe
};

}  // namespace prefork::testing
