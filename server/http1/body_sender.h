// The content of a response in the framing of HTTP/1 (RFC 9112 section 6): says again and again
// what goes out next. It moves no bytes to a socket itself. One thread: the event loop.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string_view>
#include <utility>

#include "server/exchange/response_body.h"
#include "server/http/byte_buffer.h"
#include "server/http/response.h"
#include "server/http1/response_writer.h"

namespace prefork::http1 {

class BodySender {
 public:
  enum class Next : std::uint8_t {
    text,      // text(): send it, then text_sent()
    file,      // file() from file_offset(), at most file_size() bytes: send some, then file_sent()
    buffered,  // was appended to the buffer given
    wait,      // the source has nothing yet
    end,       // everything is on its way, the framing included
    failed,    // see problem()
  };

  // What a chunk holds at most.
  static constexpr std::size_t kPieceBytes = exchange::ResponseBody::kPieceBytes;

  void start(http::Response& response, BodyFraming framing) {
    body_.start(response);
    framing_ = framing;
  }
  // Before the first next(), with a function that may be called from any thread.
  void start_source(std::function<void()> wake) { body_.start_source(std::move(wake)); }
  // Gives everything back, also what is not sent yet.
  void reset() { body_.reset(); }

  Next next(http::ByteBuffer& out);

  [[nodiscard]] std::string_view text() const { return body_.text(); }
  void text_sent(std::size_t size) { body_.text_sent(size); }
  [[nodiscard]] int file() const { return body_.file(); }
  [[nodiscard]] std::uint64_t file_offset() const { return body_.file_offset(); }
  [[nodiscard]] std::uint64_t file_size() const { return body_.file_size(); }
  void file_sent(std::size_t size) { body_.file_sent(size); }
  // In place of file_sent(): nothing more can be had of the file.
  void file_ended() { body_.file_ended(); }
  void file_failed() { body_.file_failed(); }

  // Nobody knows how much is to come.
  [[nodiscard]] bool is_endless() const { return framing_ != BodyFraming::counted; }
  // What went wrong, in the words of a log line.
  [[nodiscard]] const char* problem() const { return body_.problem(); }
  // Whether the log hears of it from somebody else.
  [[nodiscard]] bool is_reported() const { return body_.is_reported(); }
  // Content without framing that was handed out.
  [[nodiscard]] std::uint64_t content_sent() const { return body_.content_sent(); }

 private:
  Next read_source(http::ByteBuffer& out);

  exchange::ResponseBody body_;
  BodyFraming framing_ = BodyFraming::counted;
};

}  // namespace prefork::http1
