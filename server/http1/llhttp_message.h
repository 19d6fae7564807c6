// One message as llhttp reads it: where the parts of its head are, and the content of a chunked
// one. llhttp does the grammar; this class what it takes that nobody should (empty extensions),
// what it does not (a tab behind a value), and the limits whose places it knows. Which limit or
// fault ends a message is decided by their places alone, so that it does not depend on how the
// bytes were cut.
//
// Remembers what it has seen by offset, so the bytes may move between calls. One thread.
#pragma once

#include <llhttp.h>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "server/http/request.h"
#include "server/http1/parser_limits.h"

namespace prefork::http1 {

class LlhttpMessage {
 public:
  struct Span {
    std::uint32_t offset = 0;
    std::uint32_t size = 0;

    [[nodiscard]] std::string_view of(std::string_view bytes) const {
      return {bytes.data() + offset, size};
    }
  };
  struct FieldSpan {
    Span name;
    Span value;  // with white space at its ends
    bool is_complete = false;
  };

  // The limits outlive it.
  explicit LlhttpMessage(const ParserLimits& limits);
  LlhttpMessage(const LlhttpMessage&) = delete;
  LlhttpMessage& operator=(const LlhttpMessage&) = delete;

  void reset();

  // `bytes`: all that has come, from the same first byte at each call; the request line begins at
  // `start`.
  ParseStatus read_head(std::string_view bytes, std::size_t start);

  // After read_head was complete. Spans count from its first byte.
  [[nodiscard]] std::size_t head_size() const { return shown_.end; }
  [[nodiscard]] http::Method method() const;
  [[nodiscard]] Span target() const { return target_; }
  [[nodiscard]] int version_minor() const { return llhttp_.http_minor; }
  [[nodiscard]] const std::vector<FieldSpan>& fields() const { return fields_; }
  [[nodiscard]] std::optional<std::uint64_t> content_length() const;

  // What follows the head of a chunked message: takes all of it that there is from the front of
  // `bytes`, appends the content, of which there may be `limit`, to `content`, and says in
  // `consumed` how much it took.
  ParseStatus read_chunks(std::string_view bytes, std::uint64_t limit, std::string& content,
                          std::size_t& consumed);
  [[nodiscard]] std::uint64_t received() const { return chunk_.received; }

  [[nodiscard]] const ParseError& error() const { return error_; }

 private:
  // Where in a chunked body the next byte belongs.
  enum class ChunkPart : std::uint8_t { none, size_line, data, trailers, end };
  // How much of the head llhttp has seen.
  struct Shown {
    std::size_t end = 0;
    std::size_t held = 0;  // white space behind it that may be the end of a line
  };
  // How far a chunked body has come.
  struct Chunk {
    ChunkPart part = ChunkPart::none;
    std::size_t part_bytes = 0;       // of the present part
    std::size_t extension_bytes = 0;  // of the size lines before
    bool extension_is_empty = true;   // the name or value being read
    std::size_t trailer_count = 0;
    std::uint64_t received = 0;
    std::uint64_t limit = 0;
    std::string* content = nullptr;  // where it goes
  };

  // llhttp calls these while it parses; each returns 0 to go on, or what stop() or begin_part()
  // gives it.
  static LlhttpMessage& self(llhttp_t* parser) {
    return *static_cast<LlhttpMessage*>(parser->data);
  }
  static int on_url(llhttp_t* parser, const char* at, std::size_t size);
  static int on_field(llhttp_t* parser, const char* at, std::size_t size);
  static int on_value(llhttp_t* parser, const char* at, std::size_t size);
  static int on_value_complete(llhttp_t* parser);
  static int on_headers_complete(llhttp_t* parser);
  static int on_body(llhttp_t* parser, const char* at, std::size_t size);
  static int on_extension(llhttp_t* parser, const char* at, std::size_t size);
  static int on_extension_complete(llhttp_t* parser);
  static int on_size_line_complete(llhttp_t* parser);
  static int on_chunk_complete(llhttp_t* parser);
  static int on_message_complete(llhttp_t* parser);
  static const llhttp_settings_t& settings();

  ParseStatus fail(int status, const char* detail);
  int stop(int status, const char* detail);
  ParseStatus fail_from_llhttp(llhttp_errno_t code);
  llhttp_errno_t show_head(std::string_view bytes);
  [[nodiscard]] bool is_in_body() const { return chunk_.part != ChunkPart::none; }
  [[nodiscard]] std::size_t room_in_part() const;
  int begin_part(ChunkPart part);
  void extend(Span& span, const char* at, std::size_t size) const;

  const ParserLimits& limits_;
  llhttp_t llhttp_;
  const char* base_ = nullptr;  // of the bytes being read
  Shown shown_;
  Span target_;
  std::vector<FieldSpan> fields_;
  Chunk chunk_;
  ParseError error_;
  bool is_stopped_ = false;  // by one of our own limits, from within llhttp
};

}  // namespace prefork::http1
