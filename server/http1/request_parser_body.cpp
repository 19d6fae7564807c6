// The body: how it is framed, its limits and the chunks of a chunked one.
#include <algorithm>
#include <utility>

#include "ipc/base/check.h"
#include "server/http1/request_parser.h"

namespace prefork::http1 {

namespace {

// A chunk's size has at most sixteen digits and then CR LF. Zeros before it and extensions carry
// nothing we use: what the size lines of one body have beyond that may be this long in all.
constexpr std::size_t kPlainSizeLineBytes = 18;
constexpr std::size_t kMaxChunkExtensionBytes = 16 * 1024;

}  // namespace

// llhttp calls these while it parses; each returns 0 to go on, or what stop() or begin_part() gives
// it.
struct ParserBodyCallbacks {
  static RequestParser& self(llhttp_t* parser) {
    return *static_cast<RequestParser*>(parser->data);
  }

  static int on_body(llhttp_t* parser, const char* at, std::size_t size) {
    RequestParser& p = self(parser);
    p.body_.received += size;
    p.content_->append(at, size);
    return 0;
  }

  // Names and values of extensions: llhttp takes empty ones and DEL in quoted ones.
  static int on_extension(llhttp_t* parser, const char* at, std::size_t size) {
    RequestParser& p = self(parser);
    p.chunk_.extension_is_empty = p.chunk_.extension_is_empty && size == 0;
    const bool has_del = std::string_view(at, size).find('\x7F') != std::string_view::npos;
    return has_del ? p.stop(400, "malformed chunk extension") : 0;
  }

  static int on_extension_complete(llhttp_t* parser) {
    RequestParser& p = self(parser);
    return std::exchange(p.chunk_.extension_is_empty, true)
               ? p.stop(400, "malformed chunk extension")
               : 0;
  }

  static int on_size_line_complete(llhttp_t* parser) {
    RequestParser& p = self(parser);
    if (parser->content_length > p.body_.limit - p.body_.received) {
      return p.stop(413, "body over the limit");
    }
    return p.begin_part(parser->content_length == 0 ? RequestParser::ChunkPart::trailers
                                                    : RequestParser::ChunkPart::data);
  }

  // llhttp calls this behind the trailers too.
  static int on_chunk_complete(llhttp_t* parser) {
    RequestParser& p = self(parser);
    return p.chunk_.part == RequestParser::ChunkPart::trailers
               ? 0
               : p.begin_part(RequestParser::ChunkPart::size_line);
  }

  static int on_message_complete(llhttp_t* parser) {
    return self(parser).begin_part(RequestParser::ChunkPart::end);
  }
};

void RequestParser::add_body_callbacks(llhttp_settings_t& settings) {
  settings.on_chunk_extension_name = ParserBodyCallbacks::on_extension;
  settings.on_chunk_extension_name_complete = ParserBodyCallbacks::on_extension_complete;
  settings.on_chunk_extension_value = ParserBodyCallbacks::on_extension;
  settings.on_chunk_extension_value_complete = ParserBodyCallbacks::on_extension_complete;
  settings.on_chunk_header = ParserBodyCallbacks::on_size_line_complete;
  settings.on_chunk_complete = ParserBodyCallbacks::on_chunk_complete;
  settings.on_body = ParserBodyCallbacks::on_body;
  settings.on_message_complete = ParserBodyCallbacks::on_message_complete;
}

// Exactly one "chunked" and no other coding: what else the grammar allows is either unknown here
// (501) or a way to make two servers disagree about where the body ends (400). RFC 9112
// section 6.1.
ParseStatus RequestParser::check_transfer_encoding(std::string_view value, unsigned count) {
  if (request_.version_minor == 0) {
    return fail(400, "Transfer-Encoding in HTTP/1.0");
  }
  if ((llhttp_.flags & F_CONTENT_LENGTH) != 0) {
    return fail(400, "both Transfer-Encoding and Content-Length");
  }
  if (count == 1 && config::equals_ignoring_case(value, "chunked")) {
    body_.is_chunked = true;
    return ParseStatus::complete;
  }
  const std::string_view last = config::trim(value.substr(value.rfind(',') + 1));
  const bool chunked_last = config::equals_ignoring_case(last, "chunked");
  const bool chunked_before =
      chunked_last &&
      config::equals_ignoring_case(config::trim(value.substr(0, value.find(','))), "chunked");
  if (count > 1 || !chunked_last || chunked_before) {
    return fail(400, "Transfer-Encoding other than one final chunked");
  }
  return fail(501, "unknown transfer coding");
}

ParseStatus RequestParser::fail_from_llhttp(llhttp_errno_t code) {
  if (stopped_) {
    return ParseStatus::error;
  }
  switch (code) {
    case HPE_INVALID_URL:
      return fail(400, "malformed target");
    case HPE_INVALID_CONTENT_LENGTH:
    case HPE_UNEXPECTED_CONTENT_LENGTH:
      return fail(400, "malformed or contradictory Content-Length");
    case HPE_INVALID_TRANSFER_ENCODING:
      return fail(400, "malformed or contradictory Transfer-Encoding");
    case HPE_INVALID_HEADER_TOKEN:
      return fail(400, in_body_ ? "malformed trailer field" : "malformed header field");
    case HPE_INVALID_CHUNK_SIZE:
      return fail(400, "malformed chunk");
    default:
      return fail(400, "malformed request");
  }
}

ParseStatus RequestParser::limit_body(std::optional<std::uint64_t> bytes) {
  body_.limit = bytes.value_or(limits_.body_bytes);
  return body_.length > body_.limit ? fail(413, "body over the limit") : ParseStatus::complete;
}

ParseStatus RequestParser::consume_body(std::string_view bytes, std::string& body,
                                        std::size_t& consumed) {
  PREFORK_CHECK(in_body_);
  if (body_.is_chunked) {
    return consume_chunked(bytes, body, consumed);
  }
  consumed = static_cast<std::size_t>(
      std::min<std::uint64_t>(bytes.size(), body_.length - body_.received));
  body.append(bytes.substr(0, consumed));
  body_.received += consumed;
  return body_.received == body_.length ? ParseStatus::complete : ParseStatus::need_more;
}

// Called by llhttp where a part begins: it pauses there, so that the limit of the part is counted
// from that very byte.
int RequestParser::begin_part(ChunkPart part) {
  chunk_.part = part;
  return HPE_PAUSED;
}

std::size_t RequestParser::room_in_part() const {
  switch (chunk_.part) {
    case ChunkPart::size_line:
      return kPlainSizeLineBytes + kMaxChunkExtensionBytes - chunk_.extension_bytes -
             chunk_.part_bytes;
    case ChunkPart::trailers:
      return limits_.header_bytes - chunk_.part_bytes;
    case ChunkPart::data:
    case ChunkPart::end:
      break;
  }
  return std::string_view::npos;
}

// Like the head, the size lines and the trailers are shown to llhttp no further than their limits:
// whether it is a limit or a fault behind it that ends the message is decided by their places.
ParseStatus RequestParser::consume_chunked(std::string_view bytes, std::string& body,
                                           std::size_t& consumed) {
  content_ = &body;
  consumed = 0;
  while (true) {
    const ChunkPart part = chunk_.part;
    const std::size_t room = room_in_part();
    const std::string_view window = bytes.substr(consumed, room);
    if (llhttp_get_errno(&llhttp_) == HPE_PAUSED) {
      llhttp_resume(&llhttp_);
    }
    const llhttp_errno_t code = llhttp_execute(&llhttp_, window.data(), window.size());
    if (code == HPE_OK) {
      consumed += window.size();
      chunk_.part_bytes += window.size();
      if (window.size() < room) {
        return ParseStatus::need_more;
      }
      return part == ChunkPart::trailers ? fail(431, "trailer section over the limit")
                                         : fail(431, "chunk extensions over the limit");
    }
    if (code != HPE_PAUSED) {
      return fail_from_llhttp(code);
    }
    const auto taken = static_cast<std::size_t>(llhttp_get_error_pos(&llhttp_) - window.data());
    consumed += taken;
    if (part == ChunkPart::size_line) {
      const std::size_t line = chunk_.part_bytes + taken;
      chunk_.extension_bytes += line - std::min(line, kPlainSizeLineBytes);
    }
    chunk_.part_bytes = 0;
    if (chunk_.part == ChunkPart::end) {
      return ParseStatus::complete;
    }
  }
}

}  // namespace prefork::http1
