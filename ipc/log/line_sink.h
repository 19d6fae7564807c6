// Where the lines of a log go: a file, a pipe, a socket, a terminal, alone or shared with other
// processes. It never waits: what the target does not take at once is left to the caller, who keeps
// it or counts it as lost. Lines come out whole; where a full disk has cut one off, the next begins
// on a line of its own. One thread at a time.
#pragma once

#include <atomic>
#include <climits>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "ipc/base/owned_fd.h"

namespace prefork::ipc {

class LineSink {
 public:
  // The longest line, its end included: what a pipe takes as a whole or not at all.
  static constexpr std::size_t kMaxLineBytes = PIPE_BUF;
  static constexpr std::size_t kFileBlockBytes = std::size_t{64} << 10;

  LineSink() = default;
  LineSink(const LineSink&) = delete;
  LineSink& operator=(const LineSink&) = delete;

  // Appends to a file, which is made when missing. A pipe without a reader is an error. Returns
  // errno, 0 when it worked; otherwise the sink stays as it was.
  int open_file(const std::string& path);
  // Writes to where a standard descriptor points. That is shared with whoever started the process
  // and must not be made non-blocking for them, so it is opened anew where that is possible.
  int open_standard(int fd);
  // Goes on where another process writes that has opened `fd` so.
  void take_over(OwnedFd fd);
  // What those errors mean to the person who named the file.
  static std::string_view error_text(int error);

  [[nodiscard]] bool is_open() const { return fd_.valid(); }
  [[nodiscard]] int fd() const { return fd_.get(); }

  // Whether the last line in the target is cut off, where several processes write to it: memory
  // that they share and that outlives the sink.
  void share_torn_mark(std::atomic<bool>& torn) { torn_ = &torn; }

  struct Written {
    std::size_t size = 0;    // of the lines given: done with
    std::uint64_t torn = 0;  // of these: lines that were cut off
    int error = 0;           // why the rest was not taken; 0: there is none
  };
  // `lines` ends with a line feed and holds no line longer than kMaxLineBytes.
  Written write(std::string_view lines);

  // Of a regular file; nothing: it is none.
  struct File {
    std::uint64_t device = 0;
    std::uint64_t inode = 0;
    std::uint64_t size = 0;
  };
  [[nodiscard]] std::optional<File> file() const;
  // What such a file holds from there on, at most so many bytes. Empty also where it cannot be
  // read.
  [[nodiscard]] std::string read_back(std::uint64_t offset, std::size_t most) const;
  // Its last line is cut off: the next one begins on a line of its own.
  void note_torn() { torn_->store(true, std::memory_order_relaxed); }

  // How much is best given to it at a time; it may be more.
  [[nodiscard]] std::size_t block_bytes() const {
    return way_ == Way::file ? kFileBlockBytes : kMaxLineBytes;
  }

 private:
  enum class Way : std::uint8_t {
    file,     // never makes anybody wait, whatever the size
    own,      // opened non-blocking
    socket,   // each message says that it does not wait
    borrowed  // a pipe or a terminal that cannot be opened anew
  };

  [[nodiscard]] std::string_view first_block(std::string_view lines) const;
  std::ptrdiff_t write_some(std::string_view bytes);
  std::ptrdiff_t write_borrowed(std::string_view bytes);
  bool end_torn_line();

  OwnedFd fd_;
  Way way_ = Way::file;
  std::atomic<bool> own_torn_{false};
  std::atomic<bool>* torn_ = &own_torn_;
};

}  // namespace prefork::ipc
