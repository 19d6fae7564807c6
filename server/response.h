// An answer as an application makes it, and its way onto the wire (RFC 9112 sections 4 and 6). What
// an application gets wrong becomes a 500, never broken framing. One thread at a time; the object
// keeps its memory when cleared, so that the plain path allocates nothing.
#pragma once

#include <string>
#include <string_view>

#include "server/byte_buffer.h"
#include "server/request.h"

namespace prefork {

class Response {
 public:
  // Back to 200 without fields or body.
  void clear();

  void set_status(int status) { status_ = status; }
  [[nodiscard]] int status() const { return status_; }

  // Adds a field. One that may not go on the wire (a name that is no token; CR, LF or NUL in the
  // value; one of the fields the server itself owns: Content-Length, Transfer-Encoding, Connection,
  // Date, Server) makes the whole answer invalid.
  void add_field(std::string_view name, std::string_view value);

  // The common field; same rules as add_field. `type` must outlive the answer's writing.
  void set_content_type(std::string_view type) { content_type_ = type; }

  // The content: moved in, appended to, or text that outlives the answer's writing.
  void set_body(std::string body);
  void set_static_body(std::string_view body);
  std::string& body();
  [[nodiscard]] std::string_view content() const { return is_static_ ? static_body_ : body_; }

  // Asks for the connection to be closed after this answer.
  void close_connection() { close_ = true; }
  [[nodiscard]] bool wants_close() const { return close_; }

  // Why the answer may not be sent, or nothing.
  [[nodiscard]] const char* problem() const;

  // A small answer in the server's own words: "404 Not Found: no such resource\n".
  void set_error(int status, std::string_view detail);

 private:
  friend void write_response(ByteBuffer& out, const Response& response,
                             const struct ResponseContext& context);

  int status_ = 200;
  bool close_ = false;
  bool is_static_ = false;
  const char* field_problem_ = nullptr;
  std::string_view content_type_;
  std::string_view static_body_;
  std::string fields_;  // in wire form
  std::string body_;
};

// What the connection knows of an answer.
struct ResponseContext {
  Method method = Method::get;
  int version_minor = 1;
  bool keep_alive = true;
  std::string_view server_and_date;  // DateCache::fields()
};

// Appends the answer. It must have no problem().
void write_response(ByteBuffer& out, const Response& response, const ResponseContext& context);

}  // namespace prefork
