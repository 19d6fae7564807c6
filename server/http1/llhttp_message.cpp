#include "server/http1/llhttp_message.h"

#include <algorithm>
#include <utility>

namespace prefork::http1 {

namespace {

// A chunk's size has at most sixteen digits and then CR LF. Zeros before it and extensions carry
// nothing we use: what the size lines of one body have beyond that may be this long in all.
constexpr std::size_t kPlainSizeLineBytes = 18;
constexpr std::size_t kMaxChunkExtensionBytes = 16 * 1024;

}  // namespace

LlhttpMessage::LlhttpMessage(const ParserLimits& limits) : limits_(limits) {
  llhttp_init(&llhttp_, HTTP_REQUEST, &settings());
  llhttp_.data = this;
}

void LlhttpMessage::reset() {
  llhttp_reset(&llhttp_);
  shown_ = {};
  target_ = {};
  fields_.clear();
  chunk_ = {};
  is_stopped_ = false;
}

// --- callbacks -----------------------------------------------------------------------------------

int LlhttpMessage::on_url(llhttp_t* parser, const char* at, std::size_t size) {
  LlhttpMessage& message = self(parser);
  message.extend(message.target_, at, size);
  return 0;
}

int LlhttpMessage::on_field(llhttp_t* parser, const char* at, std::size_t size) {
  LlhttpMessage& message = self(parser);
  if (message.is_in_body()) {
    return 0;  // trailers are checked and counted, nothing more
  }
  if (message.fields_.empty() || message.fields_.back().is_complete) {
    message.fields_.emplace_back();
  }
  message.extend(message.fields_.back().name, at, size);
  return 0;
}

int LlhttpMessage::on_value(llhttp_t* parser, const char* at, std::size_t size) {
  LlhttpMessage& message = self(parser);
  if (message.is_in_body()) {
    return 0;  // trailers are checked and counted, nothing more
  }
  message.extend(message.fields_.back().value, at, size);
  return 0;
}

// Fields are counted where they end: that place does not depend on how the bytes were cut.
int LlhttpMessage::on_value_complete(llhttp_t* parser) {
  LlhttpMessage& message = self(parser);
  const std::size_t most = message.limits_.header_count;
  if (message.is_in_body()) {
    return ++message.chunk_.trailer_count > most ? message.stop(431, "too many trailer fields") : 0;
  }
  message.fields_.back().is_complete = true;
  return message.fields_.size() > most ? message.stop(431, "too many header fields") : 0;
}

int LlhttpMessage::on_headers_complete(llhttp_t*) { return HPE_PAUSED; }

int LlhttpMessage::on_body(llhttp_t* parser, const char* at, std::size_t size) {
  LlhttpMessage& message = self(parser);
  message.chunk_.received += size;
  message.chunk_.content->append(at, size);
  return 0;
}

// Names and values of extensions: llhttp takes empty ones and DEL in quoted ones.
int LlhttpMessage::on_extension(llhttp_t* parser, const char* at, std::size_t size) {
  LlhttpMessage& message = self(parser);
  message.chunk_.extension_is_empty = message.chunk_.extension_is_empty && size == 0;
  const bool has_del = std::string_view(at, size).find('\x7F') != std::string_view::npos;
  return has_del ? message.stop(400, "malformed chunk extension") : 0;
}

int LlhttpMessage::on_extension_complete(llhttp_t* parser) {
  LlhttpMessage& message = self(parser);
  return std::exchange(message.chunk_.extension_is_empty, true)
             ? message.stop(400, "malformed chunk extension")
             : 0;
}

int LlhttpMessage::on_size_line_complete(llhttp_t* parser) {
  LlhttpMessage& message = self(parser);
  if (parser->content_length > message.chunk_.limit - message.chunk_.received) {
    return message.stop(413, "body over the limit");
  }
  return message.begin_part(parser->content_length == 0 ? ChunkPart::trailers : ChunkPart::data);
}

// llhttp calls this behind the trailers too.
int LlhttpMessage::on_chunk_complete(llhttp_t* parser) {
  LlhttpMessage& message = self(parser);
  return message.chunk_.part == ChunkPart::trailers ? 0 : message.begin_part(ChunkPart::size_line);
}

int LlhttpMessage::on_message_complete(llhttp_t* parser) {
  return self(parser).begin_part(ChunkPart::end);
}

const llhttp_settings_t& LlhttpMessage::settings() {
  static const llhttp_settings_t kSettings = [] {
    llhttp_settings_t settings;
    llhttp_settings_init(&settings);
    settings.on_url = on_url;
    settings.on_header_field = on_field;
    settings.on_header_value = on_value;
    settings.on_header_value_complete = on_value_complete;
    settings.on_headers_complete = on_headers_complete;
    settings.on_chunk_extension_name = on_extension;
    settings.on_chunk_extension_name_complete = on_extension_complete;
    settings.on_chunk_extension_value = on_extension;
    settings.on_chunk_extension_value_complete = on_extension_complete;
    settings.on_chunk_header = on_size_line_complete;
    settings.on_chunk_complete = on_chunk_complete;
    settings.on_body = on_body;
    settings.on_message_complete = on_message_complete;
    return settings;
  }();
  return kSettings;
}

void LlhttpMessage::extend(Span& span, const char* at, std::size_t size) const {
  const auto offset = static_cast<std::uint32_t>(at - base_);
  if (span.size == 0) {
    span.offset = offset;
  }
  // Pieces of one span follow each other, because the bytes lie in one piece.
  span.size = offset + static_cast<std::uint32_t>(size) - span.offset;
}

// --- what ends a message -------------------------------------------------------------------------

ParseStatus LlhttpMessage::fail(int status, const char* detail) {
  error_ = {status, detail};
  return ParseStatus::error;
}

// From within a callback of llhttp's, which takes anything but 0 as an error of its own.
int LlhttpMessage::stop(int status, const char* detail) {
  is_stopped_ = true;
  fail(status, detail);
  return HPE_USER;
}

ParseStatus LlhttpMessage::fail_from_llhttp(llhttp_errno_t code) {
  if (is_stopped_) {
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
      return fail(400, is_in_body() ? "malformed trailer field" : "malformed header field");
    case HPE_INVALID_CHUNK_SIZE:
      return fail(400, "malformed chunk");
    default:
      return fail(400, "malformed request");
  }
}

// --- the head ------------------------------------------------------------------------------------

ParseStatus LlhttpMessage::read_head(std::string_view bytes, std::size_t start) {
  shown_.end = std::max(shown_.end, start);
  base_ = bytes.data();
  // llhttp sees no byte beyond the limit, so that what it says of a head that is too long does not
  // depend on how much of it has come.
  const std::size_t end = std::min(bytes.size(), start + limits_.header_bytes);
  const llhttp_errno_t code = show_head({bytes.data(), end});
  if (code == HPE_OK) {
    return end == start + limits_.header_bytes ? fail(431, "header section over the limit")
                                               : ParseStatus::need_more;
  }
  if (code != HPE_PAUSED) {
    return fail_from_llhttp(code);
  }
  shown_.end = static_cast<std::size_t>(llhttp_get_error_pos(&llhttp_) - bytes.data());
  chunk_.part = ChunkPart::size_line;
  return ParseStatus::complete;
}

// White space behind a value is no part of it (RFC 9110 section 5.5), but behind the values that
// llhttp reads itself it takes spaces only. So what begins with a tab and ends with the line is not
// shown to it. At the start of a line it is no such thing: it would continue the line before.
llhttp_errno_t LlhttpMessage::show_head(std::string_view bytes) {
  llhttp_errno_t code = HPE_OK;
  while (code == HPE_OK && shown_.end + shown_.held < bytes.size()) {
    const std::size_t tab = std::min(bytes.find('\t', shown_.end), bytes.size());
    const std::size_t from = std::max(tab, shown_.end + shown_.held);
    const std::size_t behind = std::min(bytes.find_first_not_of(" \t", from), bytes.size());
    const bool may_end_line = (behind == bytes.size() || bytes[behind] == '\r') &&
                              (tab == bytes.size() || bytes[tab - 1] != '\n');
    const std::size_t shown = may_end_line ? tab : behind;
    code = llhttp_execute(&llhttp_, bytes.data() + shown_.end, shown - shown_.end);
    shown_.end = behind == bytes.size() ? shown : behind;
    shown_.held = behind - shown_.end;
  }
  return code;
}

http::Method LlhttpMessage::method() const {
  switch (static_cast<llhttp_method_t>(llhttp_.method)) {
    case HTTP_GET:
      return http::Method::get;
    case HTTP_HEAD:
      return http::Method::head;
    case HTTP_POST:
      return http::Method::post;
    case HTTP_PUT:
      return http::Method::put;
    case HTTP_PATCH:
      return http::Method::patch;
    case HTTP_DELETE:
      return http::Method::delete_;
    case HTTP_OPTIONS:
      return http::Method::options;
    case HTTP_TRACE:
      return http::Method::trace;
    case HTTP_CONNECT:
      return http::Method::connect;
    default:
      return http::Method::other;
  }
}

std::optional<std::uint64_t> LlhttpMessage::content_length() const {
  return (llhttp_.flags & F_CONTENT_LENGTH) == 0 ? std::nullopt
                                                 : std::optional(llhttp_.content_length);
}

// --- a chunked body ------------------------------------------------------------------------------

// Called by llhttp where a part begins: it pauses there, so that the limit of the part is counted
// from that very byte.
int LlhttpMessage::begin_part(ChunkPart part) {
  chunk_.part = part;
  return HPE_PAUSED;
}

std::size_t LlhttpMessage::room_in_part() const {
  switch (chunk_.part) {
    case ChunkPart::size_line:
      return kPlainSizeLineBytes + kMaxChunkExtensionBytes - chunk_.extension_bytes -
             chunk_.part_bytes;
    case ChunkPart::trailers:
      return limits_.header_bytes - chunk_.part_bytes;
    case ChunkPart::none:
    case ChunkPart::data:
    case ChunkPart::end:
      break;
  }
  return std::string_view::npos;
}

// Like the head, the size lines and the trailers are shown to llhttp no further than their limits:
// whether it is a limit or a fault behind it that ends the message is decided by their places.
ParseStatus LlhttpMessage::read_chunks(std::string_view bytes, std::uint64_t limit,
                                       std::string& content, std::size_t& consumed) {
  chunk_.content = &content;
  chunk_.limit = limit;
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
