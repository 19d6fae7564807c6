// The chunked transfer coding (RFC 9112 section 7.1), written around content that was put straight
// into the output buffer: room for the longest size line lies before it, and a chunk with a shorter
// one moves up. Pure functions.
#pragma once

#include <charconv>
#include <cstddef>
#include <cstring>
#include <string_view>

#include "server/http/byte_buffer.h"

namespace prefork::http1 {

inline constexpr std::string_view kLastChunk = "0\r\n\r\n";
inline constexpr std::size_t kMaxChunkBytes = 0xFFFF;
// The longest size of a chunk, and its line end.
inline constexpr std::size_t kChunkHeadBytes = 6;

// The last chunk, with the fields of the trailer section, in wire form, and the end of the message.
inline void append_last_chunk(http::ByteBuffer& out, std::string_view trailers) {
  constexpr std::size_t kSizeLineBytes = 3;
  out.append(kLastChunk.substr(0, kSizeLineBytes));
  out.append(trailers);
  out.append(kLastChunk.substr(kSizeLineBytes));
}

// Room for a chunk of at most `size` bytes behind what is in the buffer; the content goes to where
// this points.
inline char* prepare_chunk(http::ByteBuffer& out, std::size_t size) {
  constexpr std::size_t kLineEndBytes = 2;
  return out.prepare(kChunkHeadBytes + size + kLineEndBytes) + kChunkHeadBytes;
}

// Makes a chunk of the first `size` bytes there, 1 to kMaxChunkBytes, and commits it. The buffer
// was not touched meanwhile.
inline void commit_chunk(http::ByteBuffer& out, char* content, std::size_t size) {
  constexpr std::string_view kLineEnd = "\r\n";
  char* const start = content - kChunkHeadBytes;
  char* const digits_end = std::to_chars(start, content, size, 16).ptr;
  std::memcpy(digits_end, kLineEnd.data(), kLineEnd.size());
  char* const line_end = digits_end + kLineEnd.size();
  if (line_end != content) {
    std::memmove(line_end, content, size);
  }
  std::memcpy(line_end + size, kLineEnd.data(), kLineEnd.size());
  out.commit(static_cast<std::size_t>(line_end - start) + size + kLineEnd.size());
}

}  // namespace prefork::http1
