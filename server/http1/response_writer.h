// A response's head, and its content where that is in memory, in the wire form of HTTP/1 (RFC 9112
// sections 4 and 6). Pure functions.
#pragma once

#include <cstdint>
#include <string_view>

#include "server/http/byte_buffer.h"
#include "server/http/response.h"

namespace prefork::http1 {

// How a client finds the end of the content (RFC 9112 section 6).
enum class BodyFraming : std::uint8_t {
  counted,      // Content-Length, or no content at all
  chunked,      // Transfer-Encoding: chunked
  until_close,  // HTTP/1.0 and no length: the connection's end
};

// What the connection knows of a response.
struct ResponseContext {
  http::Method method = http::Method::get;
  int version_minor = 1;
  bool keep_alive = true;
  const http::FieldList& common_fields;  // DateCache::fields()
  std::string_view ok_start = {};  // ResponseStart::Text::ok, of the same; empty: none is made
};

BodyFraming framing_of(const http::Response& response, int version_minor);

// Appends the response, of one with a long body the head. It must have no problem().
void write_response(http::ByteBuffer& out, const http::Response& response,
                    const ResponseContext& context);

}  // namespace prefork::http1
