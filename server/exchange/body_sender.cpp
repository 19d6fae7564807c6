#include "server/exchange/body_sender.h"

#include <algorithm>
#include <charconv>
#include <cstring>
#include <span>
#include <utility>

namespace prefork::exchange {

namespace {

constexpr std::string_view kLineEnd = "\r\n";
constexpr std::string_view kLastChunk = "0\r\n\r\n";
// The longest size of a chunk, and its line end.
constexpr std::size_t kChunkHeadBytes = 6;
static_assert(BodySender::kPieceBytes <= 0xFFFF);

// Makes a chunk of content that lies behind room for the longest size line, and commits it.
void frame_chunk(http::ByteBuffer& out, char* start, std::size_t size) {
  char* const content = start + kChunkHeadBytes;
  char* const digits_end = std::to_chars(start, content, size, 16).ptr;
  std::memcpy(digits_end, kLineEnd.data(), kLineEnd.size());
  char* const line_end = digits_end + kLineEnd.size();
  if (line_end != content) {
    // A short chunk has a short size.
    std::memmove(line_end, content, size);
  }
  std::memcpy(line_end + size, kLineEnd.data(), kLineEnd.size());
  out.commit(static_cast<std::size_t>(line_end - start) + size + kLineEnd.size());
}

// What a source may do wrong stays here.
http::SourceResult read_safely(http::BodySource& source, std::span<char> room) {
  try {
    const http::SourceResult result = source.read(room);
    const bool impossible = result.size == 0 || result.size > room.size();
    return result.status == http::SourceStatus::more && impossible
               ? http::SourceResult{http::SourceStatus::failed, 0}
               : result;
  } catch (...) {
    return {http::SourceStatus::failed, 0};
  }
}

}  // namespace

void BodySender::start(http::Response& response, http::BodyFraming framing) {
  reset();
  framing_ = framing;
  left_ = response.content_size().value_or(0);
  pieces_ = response.take_pieces();
  source_ = response.take_source();
}

void BodySender::start_source(std::function<void()> wake) {
  if (!source_) {
    return;
  }
  try {
    source_->start(std::move(wake));
  } catch (...) {
    fail("the source of the content failed");
  }
}

void BodySender::reset() {
  pieces_.clear();
  source_.reset();
  piece_ = 0;
  text_ = {};
  in_piece_ = false;
  source_ended_ = false;
  problem_ = "";
  is_reported_ = false;
  content_sent_ = 0;
}

BodySender::Next BodySender::next(http::ByteBuffer& out) {
  if (source_) {
    return next_of_source(out);
  }
  for (; piece_ < pieces_.size(); ++piece_, in_piece_ = false) {
    const http::BodyPiece& piece = pieces_[piece_];
    if (!std::exchange(in_piece_, true)) {
      text_ = piece.text;
    }
    if (!text_.empty()) {
      return Next::text;
    }
    if (piece.size != 0) {
      return Next::file;
    }
  }
  return problem_[0] == '\0' ? Next::end : Next::failed;
}

void BodySender::text_sent(std::size_t size) {
  text_.remove_prefix(size);
  content_sent_ += size;
}

void BodySender::file_sent(std::size_t size) {
  pieces_[piece_].offset += size;
  pieces_[piece_].size -= size;
  content_sent_ += size;
}

void BodySender::fail_file(const char* problem) {
  fail(problem);
  piece_ = pieces_.size();
}

BodySender::Next BodySender::next_of_source(http::ByteBuffer& out) {
  if (problem_[0] != '\0') {
    return Next::failed;
  }
  if (source_ended_) {
    return Next::end;
  }
  const bool chunked = framing_ == http::BodyFraming::chunked;
  const bool counted = framing_ == http::BodyFraming::counted;
  // One byte of room more than there should be shows a source that has too much.
  const std::size_t room =
      counted && left_ < kPieceBytes ? static_cast<std::size_t>(left_) + 1 : kPieceBytes;
  const std::size_t before = chunked ? kChunkHeadBytes : 0;
  char* const start = out.prepare(before + room + kLineEnd.size());
  const http::SourceResult result = read_safely(*source_, {start + before, room});
  switch (result.status) {
    case http::SourceStatus::more:
      break;
    case http::SourceStatus::wait:
      // With the last byte that was promised the answer is complete, whatever the source waits for.
      return counted && left_ == 0 ? Next::end : Next::wait;
    case http::SourceStatus::end:
      return finish_source(out);
    case http::SourceStatus::failed:
      is_reported_ = source_->reports_failure();
      return fail("the source of the content failed");
  }
  if (counted && result.size > left_) {
    return fail("the content is longer than its length said");
  }
  left_ -= counted ? result.size : 0;
  content_sent_ += result.size;
  if (chunked) {
    frame_chunk(out, start, result.size);
  } else {
    out.commit(result.size);
  }
  return Next::buffered;
}

BodySender::Next BodySender::finish_source(http::ByteBuffer& out) {
  if (framing_ == http::BodyFraming::counted && left_ != 0) {
    return fail("the content is shorter than its length said");
  }
  source_ended_ = true;
  if (framing_ == http::BodyFraming::chunked) {
    out.append(kLastChunk);
    return Next::buffered;
  }
  return Next::end;
}

BodySender::Next BodySender::fail(const char* problem) {
  problem_ = problem;
  return Next::failed;
}

}  // namespace prefork::exchange
