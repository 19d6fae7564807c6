// Bytes to requests, without sockets, clock or (on the plain path) allocation: llhttp does the
// grammar, this class the rules that llhttp leaves to the server (Host, target forms, versions,
// Transfer-Encoding, every size limit) and the framing of what follows. A head that is complete and
// has nothing unusual in it is read without llhttp, with the same result (see fast_head.h).
//
// The head of a request must lie in one piece: `parse_head` is called with all bytes from the
// head's start, again and again with more of them behind; it remembers what it has seen by offset,
// so the bytes may move between calls and none is looked at twice by llhttp. After `complete`,
// `consume_body` takes the bytes that follow. Feeding the same bytes in any pieces gives the same
// result.
//
// One object parses one message at a time; `reset` makes it ready for the next. One thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "server/http/request.h"
#include "server/http/target.h"
#include "server/http1/head_scanner.h"
#include "server/http1/llhttp_message.h"
#include "server/http1/parser_limits.h"
#include "server/http1/request_line.h"

namespace prefork::http1 {

// What a parser is made with.
struct ParserSettings {
  ParserLimits limits;
  // For heads with nothing unusual in them; outlives every parser. Null: llhttp reads all.
  const HeadScanner* scanner = &best_head_scanner();
};

class RequestParser {
 public:
  // `scanner`: for heads with nothing unusual in them; outlives it. Null: llhttp reads every head.
  explicit RequestParser(const ParserLimits& limits,
                         const HeadScanner* scanner = &best_head_scanner());
  RequestParser(const RequestParser&) = delete;
  RequestParser& operator=(const RequestParser&) = delete;

  // Forgets the present message.
  void reset();

  // `bytes` starts at the head's first byte and holds everything received of it so far.
  ParseStatus parse_head(std::string_view bytes);

  // After parse_head needs more: if `bytes` are nothing but blank lines before a request, forgets
  // them, returns how many bytes they were, and the next call starts behind them. They go on
  // counting against their limit until `reset`. Else returns 0.
  std::size_t drop_blank_lines(std::string_view bytes) { return line_.drop_blank_lines(bytes); }
  [[nodiscard]] bool dropped_blank_lines() const { return line_.dropped_blank_lines(); }

  // After parse_head was complete. Views point into the bytes of that call (or this object).
  [[nodiscard]] const http::Request& request() const { return request_; }
  [[nodiscard]] std::size_t head_size() const { return head_size_; }
  [[nodiscard]] bool keep_alive() const { return keep_alive_; }
  [[nodiscard]] bool expects_continue() const { return expects_continue_; }
  [[nodiscard]] bool is_chunked() const { return body_.is_chunked; }
  // What Content-Length says of the body; 0 without one and for chunked bodies.
  [[nodiscard]] std::uint64_t content_length() const { return body_.length; }
  [[nodiscard]] bool has_body() const { return body_.is_chunked || body_.length != 0; }
  // Whether that head was one for llhttp. Nothing else depends on it.
  [[nodiscard]] bool used_llhttp() const { return uses_llhttp_; }

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
  // How the content is framed.
  struct Body {
    bool is_chunked = false;
    std::uint64_t length = 0;
    std::uint64_t received = 0;
    std::uint64_t limit = 0;
  };

  ParseStatus fail(int status, const char* detail) { return fail({status, detail}); }
  ParseStatus fail(const ParseError& error);
  bool parse_fast(std::string_view bytes);
  ParseStatus finish_head(std::string_view bytes);
  ParseStatus check_fields();
  ParseStatus check_expectations();
  [[nodiscard]] bool wants_keep_alive() const;
  bool is_valid_host(std::string_view host);
  ParseStatus frame_body();
  ParseStatus check_transfer_encoding(const http::FieldLines& lines);
  ParseStatus check_target(const http::TargetScan& scan);

  const ParserLimits limits_;
  const HeadScanner* const scanner_;

  // The head.
  RequestLine line_;
  LlhttpMessage message_;
  const char* base_ = nullptr;  // of the bytes being parsed
  std::size_t head_size_ = 0;
  std::vector<http::Field> fields_;  // those of the request, and room for more
  std::string path_storage_;
  std::string valid_host_;  // the last one that was found valid
  http::Request request_;
  bool keep_alive_ = false;
  bool expects_continue_ = false;
  bool uses_llhttp_ = false;  // for this message

  bool in_body_ = false;
  Body body_;
  ParseError error_;
};

}  // namespace prefork::http1
