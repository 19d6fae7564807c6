// What is left of a response's content after its head: says again and again what comes next, and
// what went wrong. It knows no framing and moves no bytes to a socket: that is for the protocol
// that sends it. One thread: the event loop.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string_view>
#include <vector>

#include "server/http/body_source.h"
#include "server/http/response.h"

namespace prefork::exchange {

class ResponseBody {
 public:
  enum class Next : std::uint8_t {
    text,    // text(): send it, then text_sent()
    file,    // file() from file_offset(), at most file_size() bytes, none where it has become too
             // short: send some, then file_sent()
    source,  // read() up to room() bytes of it
    end,     // that was all
    failed,  // see problem()
  };

  // Room that is asked of a source at once, and what is kept of a source for a client that does
  // not read. Measured per byte sent: half as much costs nearly twice the CPU, twice as much a
  // sixth more.
  static constexpr std::size_t kPieceBytes = 32 * 1024;

  // Takes the pieces or the source from the response.
  void start(http::Response& response);
  // Before the first next(), with a function that may be called from any thread.
  void start_source(std::function<void()> wake);
  // Gives everything back, also what is not sent yet.
  void reset();

  Next next();

  [[nodiscard]] std::string_view text() const { return text_; }
  void text_sent(std::size_t size);
  [[nodiscard]] int file() const { return pieces_[piece_].file->get(); }
  [[nodiscard]] std::uint64_t file_offset() const { return pieces_[piece_].offset; }
  [[nodiscard]] std::uint64_t file_size() const {
    return std::min(pieces_[piece_].size, file_left_);
  }
  void file_sent(std::size_t size);
  // In place of file_sent(): nothing more can be had of the file.
  void file_ended() { fail_file(kFileShortened); }
  void file_failed() { fail_file("the file cannot be read"); }

  // Room to offer to the source. Of one with a size one byte more than there should be, which shows
  // a source that has too much.
  [[nodiscard]] std::size_t room() const;
  // What the source gave: `more` with at least one byte that may be sent, `wait`, `end`, or
  // `failed`, whatever the source did wrong. After `end` and `failed` next() says the same.
  http::SourceResult read(std::span<char> room);

  // After the end of a source: fields for behind the content, in wire form.
  [[nodiscard]] std::string_view trailers() const {
    return source_ ? source_->trailers() : std::string_view{};
  }
  // What went wrong, in the words of a log line.
  [[nodiscard]] const char* problem() const { return problem_; }
  // Whether the log hears of it from somebody else.
  [[nodiscard]] bool is_reported() const { return is_reported_; }
  // Content that was handed out.
  [[nodiscard]] std::uint64_t content_sent() const { return content_sent_; }

 private:
  static constexpr const char* kFileShortened = "the file became shorter while it was sent";

  // What an open file was like when it was looked at.
  struct FileState {
    const ipc::OwnedFd* file = nullptr;
    std::int64_t modified_seconds = 0;
    std::int64_t modified_nanoseconds = 0;
    std::int64_t size = 0;

    bool operator==(const FileState&) const = default;
  };

  const char* look_at_file(const http::BodyPiece& piece);
  http::SourceResult end_source();
  http::SourceResult fail_source(const char* problem);
  void fail_file(const char* problem);

  std::vector<http::BodyPiece> pieces_;
  std::size_t piece_ = 0;
  std::string_view text_;  // of the present piece, what is left
  bool in_piece_ = false;
  FileState file_state_;
  std::uint64_t file_left_ = 0;  // behind the present offset, when it was looked at
  std::unique_ptr<http::BodySource> source_;
  bool is_counted_ = false;
  std::uint64_t left_ = 0;  // of a counted source
  bool source_ended_ = false;
  const char* problem_ = "";
  bool is_reported_ = false;
  std::uint64_t content_sent_ = 0;
};

}  // namespace prefork::exchange
