// Bytes to requests, without sockets, clock or (on the plain path) allocation: llhttp does the
// grammar, this class the rules that llhttp leaves to the server (Host, target forms, versions,
// Transfer-Encoding, every size limit) and the framing of what follows.
//
// The head of a request must lie in one piece: `parse_head` is called with all bytes from the
// head's start, again and again with more of them behind; it remembers what it has seen by offset,
// so the bytes may move between calls and none is looked at twice. After `complete`, `consume_body`
// takes the bytes that follow. Feeding the same bytes in any pieces gives the same result.
//
// One object parses one message at a time; `reset` makes it ready for the next. One thread.
// Two files: request_parser.cpp (the head) and request_parser_body.cpp (its framing and what llhttp
// says of either too).
#pragma once

#include <llhttp.h>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "server/http/request.h"

namespace prefork::http1 {

struct ParserLimits {
  std::size_t request_line_bytes = 8 * 1024;
  std::size_t header_bytes = 32 * 1024;  // the whole head; the trailers have as much again
  std::size_t header_count = 100;        // trailers have as many again
  std::size_t body_bytes = std::size_t{1024} * 1024;
};

enum class ParseStatus : std::uint8_t {
  need_more,
  complete,
  error,  // see RequestParser::error; the connection must be closed after the answer
};

struct ParseError {
  int status = 400;
  const char* detail = "";  // for people; a string literal
};

class RequestParser {
 public:
  explicit RequestParser(const ParserLimits& limits);
  RequestParser(const RequestParser&) = delete;
  RequestParser& operator=(const RequestParser&) = delete;

  // Forgets the present message.
  void reset();

  // `bytes` starts at the head's first byte and holds everything received of it so far.
  ParseStatus parse_head(std::string_view bytes);

  // After parse_head needs more: if `bytes` are nothing but blank lines before a request, forgets
  // them, returns how many bytes they were, and the next call starts behind them. They go on
  // counting against their limit until `reset`. Else returns 0.
  std::size_t drop_blank_lines(std::string_view bytes);
  [[nodiscard]] bool dropped_blank_lines() const { return line_.dropped != 0; }

  // After parse_head was complete. Views point into the bytes of that call (or this object).
  [[nodiscard]] const http::Request& request() const { return request_; }
  [[nodiscard]] std::size_t head_size() const { return head_size_; }
  [[nodiscard]] bool keep_alive() const { return keep_alive_; }
  [[nodiscard]] bool expects_continue() const { return expects_continue_; }
  [[nodiscard]] bool is_chunked() const { return body_.is_chunked; }
  // What Content-Length says of the body; 0 without one and for chunked bodies.
  [[nodiscard]] std::uint64_t content_length() const { return body_.length; }
  [[nodiscard]] bool has_body() const { return body_.is_chunked || body_.length != 0; }

  // How much content this message may have, ParserLimits::body_bytes if nothing is said. To be
  // called once between parse_head and the first consume_body; an error if Content-Length says that
  // more will come.
  ParseStatus limit_body(std::optional<std::uint64_t> bytes = {});

  // Takes what it can of the body from the front of `bytes`, appends the content to `body`, and
  // says in `consumed` how much it took.
  ParseStatus consume_body(std::string_view bytes, std::string& body, std::size_t& consumed);
  // Content seen so far.
  [[nodiscard]] std::uint64_t body_received() const { return body_.received; }

  [[nodiscard]] const ParseError& error() const { return error_; }

  // Points the views of `request`, which was `request()` and may have been added to, at a copy of
  // the head: `copy` holds the first head_size() bytes that parse_head saw last. `fields` gets the
  // request's fields. Nothing but these views changes.
  void rebase(const char* copy, std::vector<http::Field>& fields, http::Request& request) const;

 private:
  struct Span {
    std::uint32_t offset = 0;
    std::uint32_t size = 0;
  };
  // Where in a chunked body the next byte belongs.
  enum class ChunkPart : std::uint8_t { size_line, data, trailers, end };
  struct FieldSpan {
    Span name;
    Span value;
    bool complete = false;
  };
  friend struct ParserCallbacks;
  friend struct ParserBodyCallbacks;

  static void add_body_callbacks(llhttp_settings_t& settings);

  ParseStatus fail(int status, const char* detail);
  int stop(int status, const char* detail);
  ParseStatus fail_from_llhttp(llhttp_errno_t code);
  bool skip_blank_lines(std::string_view bytes);
  llhttp_errno_t show_head(std::string_view bytes);
  ParseStatus find_request_line(std::string_view bytes);
  ParseStatus check_request_line(std::string_view line);
  ParseStatus finish_head(std::string_view bytes);
  ParseStatus check_fields();
  bool is_valid_host(std::string_view host);
  ParseStatus check_transfer_encoding(std::string_view value, unsigned count);
  ParseStatus check_target();
  ParseStatus consume_chunked(std::string_view bytes, std::string& body, std::size_t& consumed);
  [[nodiscard]] std::size_t room_in_part() const;
  int begin_part(ChunkPart part);
  void extend(Span& span, const char* at, std::size_t size) const;

  const ParserLimits limits_;
  llhttp_t llhttp_;

  // Where the request line is.
  struct Line {
    std::size_t dropped = 0;  // blank lines that the caller keeps no more
    std::size_t start = 0;    // after blank lines that came before the request line
    std::size_t scanned = 0;  // for its end
    std::size_t size = 0;     // with CR LF; 0: not found yet
  };
  // How much of the head llhttp has seen.
  struct Parsed {
    std::size_t end = 0;
    std::size_t held = 0;  // white space behind it that may be the end of a line
  };
  // How the content is framed.
  struct Body {
    bool is_chunked = false;
    std::uint64_t length = 0;
    std::uint64_t received = 0;
    std::uint64_t limit = 0;
  };
  // How far a chunked one has come.
  struct Chunk {
    ChunkPart part = ChunkPart::size_line;
    std::size_t part_bytes = 0;       // of the present part
    std::size_t extension_bytes = 0;  // of the size lines before
    bool extension_is_empty = true;   // the name or value being read
    std::size_t trailer_count = 0;
  };

  // The head.
  const char* base_ = nullptr;  // of the bytes being parsed
  Line line_;
  Parsed parsed_;
  std::size_t head_size_ = 0;
  Span target_;
  std::vector<FieldSpan> spans_;
  std::vector<http::Field> fields_;
  std::string path_storage_;
  std::string valid_host_;  // the last one that was found valid
  http::Request request_;
  bool keep_alive_ = false;
  bool expects_continue_ = false;

  bool in_body_ = false;
  Body body_;
  Chunk chunk_;
  std::string* content_ = nullptr;  // where it goes

  ParseError error_;
  bool stopped_ = false;  // by one of our own limits, from within llhttp
};

}  // namespace prefork::http1
