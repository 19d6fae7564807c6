// A response as an application makes it. What an application gets wrong becomes a 500, never broken
// framing. One thread at a time; the object keeps its memory when cleared, so that the plain path
// allocates nothing.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "ipc/base/owned_fd.h"
#include "server/http/body_source.h"
#include "server/http/field_list.h"
#include "server/http/problem_details.h"
#include "server/http/request.h"
#include "server/http/status.h"

namespace prefork::exchange {
class BodyChannel;
class Job;
struct ClientBox;
}  // namespace prefork::exchange

namespace prefork::http {

// Content of a known size: text, and after it a part of a file, either of which may be empty. The
// file goes to the socket by sendfile(2); it may be shared by many responses and is closed with the
// last one.
struct BodyPiece {
  std::string text;
  std::shared_ptr<const ipc::OwnedFd> file;
  std::uint64_t offset = 0;
  std::uint64_t size = 0;  // of the file's part

  [[nodiscard]] std::uint64_t total() const { return text.size() + size; }
};

// Fields that are checked when they are added, once for many responses. One that may not be sent
// (see field_problem(), or one of the fields the server itself owns: Content-Length,
// Transfer-Encoding, Connection, Date, Server) is left out and makes each response with the block
// invalid.
class FieldBlock {
 public:
  void add(std::string_view name, std::string_view value);

  [[nodiscard]] const FieldList& fields() const { return fields_; }
  // Why the last of those that were left out was; null: none was.
  [[nodiscard]] const char* problem() const { return problem_; }

 private:
  FieldList fields_;
  const char* problem_ = nullptr;
};

// Whoever can tell a client something before its answer (RFC 9110 section 15.2). An answer that has
// begun makes it do nothing.
class InterimResponder {
 public:
  InterimResponder() = default;
  virtual ~InterimResponder() = default;
  InterimResponder(const InterimResponder&) = delete;
  InterimResponder& operator=(const InterimResponder&) = delete;

  // 103, at once (RFC 8297).
  virtual void send_early_hints(const FieldList& fields) = 0;
};

class Response;

// Sends a response's head before its handler is done; the content follows through the channel.
// Implemented by whoever runs a handler on a thread that may block.
class ResponseStarter {
 public:
  ResponseStarter() = default;
  virtual ~ResponseStarter() = default;
  ResponseStarter(const ResponseStarter&) = delete;
  ResponseStarter& operator=(const ResponseStarter&) = delete;

  virtual exchange::BodyChannel& start(Response& response) = 0;
  // Nobody waits for the response any more, as far as is known. Any thread.
  [[nodiscard]] virtual bool is_abandoned() const = 0;
  // What is said of who waits for it.
  [[nodiscard]] virtual const std::shared_ptr<exchange::ClientBox>& client() const = 0;
};

// Between a response's handler and who runs it.
struct HandlerLink {
  // The head is made, and the rest is for this, which the event loop calls once the handler has
  // returned: with what it completes, or with null when there is no place for it. For handlers on
  // the loop and on the pool.
  using Later = std::function<void(std::unique_ptr<exchange::Job> job)>;

  ResponseStarter* starter = nullptr;   // null: it may not block
  InterimResponder* interim = nullptr;  // while the handler runs; null: nobody
  Later later{};                        // null: it is done when it has returned

  Later take_later() { return std::exchange(later, nullptr); }
};

class Response {
 public:
  // Back to 200 without fields or body.
  void clear();

  void set_status(int status) { status_ = status; }
  [[nodiscard]] int status() const { return status_; }

  // Adds a field. One that may not be sent makes the whole response invalid; see FieldBlock.
  void add_field(std::string_view name, std::string_view value);
  // The same for a block of them, at the price of a copy.
  void add_fields(const FieldBlock& block);
  // The same in place of all fields of that name. The value is not of this response's fields.
  void set_field(std::string_view name, std::string_view value);
  void remove_field(std::string_view name);
  void clear_fields();

  // Content-Type, the first of the fields; empty: none. Same rules as add_field, which adds a
  // second one if that is what it is told.
  void set_content_type(std::string_view type);
  // What was set so.
  [[nodiscard]] std::string_view content_type() const;

  // All fields but those the server itself owns, Content-Type before the others.
  [[nodiscard]] const FieldList& fields() const { return fields_; }
  // How much of their wire form is what set_content_type() made.
  [[nodiscard]] std::size_t content_type_bytes() const { return content_type_bytes_; }

  // The content: moved in, appended to, or text that outlives the answer's writing.
  void set_body(std::string body);
  void set_static_body(std::string_view body);
  std::string& body();
  [[nodiscard]] std::string_view content() const { return is_static_ ? static_body_ : body_; }

  // Content that is not in memory, instead of a body: pieces in their order, or a source that is
  // asked for more and more. Without a size such a response is chunked (to an HTTP/1.0 client: ends
  // with the connection); with one, the source must deliver exactly that much.
  void add_piece(BodyPiece piece) { pieces_.push_back(std::move(piece)); }
  void set_source(std::unique_ptr<BodySource> source, std::optional<std::uint64_t> size = {});
  [[nodiscard]] bool has_long_body() const { return source_ || !pieces_.empty(); }
  // Content-Length, where there is one.
  [[nodiscard]] std::optional<std::uint64_t> content_size() const {
    return has_long_body() ? long_content_size() : content().size();
  }
  std::vector<BodyPiece> take_pieces() { return std::move(pieces_); }
  std::unique_ptr<BodySource> take_source() { return std::move(source_); }
  [[nodiscard]] std::optional<std::uint64_t> source_size() const { return source_size_; }
  // Body, pieces and source.
  void clear_content();
  // Makes a piece of a body that is worth not being copied.
  void detach_large_body();

  // Sends the head as it is now and returns where the handler writes the content to, piece by
  // piece, each waiting for the client to take what was before it. Only where handlers may block;
  // elsewhere it throws std::logic_error. The response may not be changed afterwards.
  exchange::BodyChannel& start_stream(std::optional<std::uint64_t> size = {});
  [[nodiscard]] HandlerLink& link() { return link_; }
  [[nodiscard]] const HandlerLink& link() const { return link_; }

  // Asks for the connection to be closed after this answer.
  void close_connection() { close_ = true; }
  [[nodiscard]] bool wants_close() const { return close_; }

  // Why the answer may not be sent, or nothing.
  [[nodiscard]] const char* problem() const {
    const bool is_plain = field_problem_ == nullptr && !has_bad_type_ && !has_long_body() &&
                          status_ >= 200 && status_ <= 599 && !is_without_content(status_);
    return is_plain ? nullptr : find_problem();
  }

  // The handler failed, and the response says so by itself: for the log. Empty: it did not.
  void note_failure(std::string what) {
    failure_ = what.empty() ? std::string("no reason given") : std::move(what);
  }
  [[nodiscard]] const std::string& failure() const { return failure_; }
  std::string take_failure() { return std::exchange(failure_, {}); }

  // A small answer in the server's own words: "404 Not Found: no such resource\n". Whoever sends
  // it may give it another form, see ErrorPages; other content needs clear_content() first.
  void set_error(int status, std::string_view detail);
  // What it says, to be added to until it has a form or other content; null: it is no such answer.
  [[nodiscard]] ProblemDetails* error() const { return error_.get(); }
  std::unique_ptr<ProblemDetails> take_error() { return std::move(error_); }

 private:
  void note_content_type_line();
  [[nodiscard]] std::optional<std::uint64_t> long_content_size() const;
  [[nodiscard]] const char* find_problem() const;

  static constexpr std::size_t kLargeBodyBytes = 32 * 1024;

  int status_ = 200;
  bool close_ = false;
  bool is_static_ = false;
  bool has_bad_type_ = false;
  const char* field_problem_ = nullptr;
  FieldList fields_;
  std::size_t content_type_bytes_ = 0;
  std::string_view static_body_;
  std::string body_;
  std::vector<BodyPiece> pieces_;
  std::unique_ptr<BodySource> source_;
  std::optional<std::uint64_t> source_size_;
  std::string failure_;
  std::unique_ptr<ProblemDetails> error_;
  HandlerLink link_;
};

}  // namespace prefork::http
