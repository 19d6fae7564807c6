#include "server/exchange/response_body.h"

#include <sys/stat.h>

#include <utility>

namespace prefork::exchange {

namespace {

constexpr const char* kSourceFailed = "the source of the content failed";

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

void ResponseBody::start(http::Response& response) {
  reset();
  is_counted_ = response.content_size().has_value();
  left_ = response.content_size().value_or(0);
  pieces_ = response.take_pieces();
  source_ = response.take_source();
}

void ResponseBody::start_source(std::function<void()> wake) {
  if (!source_) {
    return;
  }
  try {
    source_->start(std::move(wake));
  } catch (...) {
    problem_ = kSourceFailed;
  }
}

void ResponseBody::reset() {
  pieces_.clear();
  source_.reset();
  piece_ = 0;
  text_ = {};
  in_piece_ = false;
  file_state_ = {};
  source_ended_ = false;
  problem_ = "";
  is_reported_ = false;
  content_sent_ = 0;
}

ResponseBody::Next ResponseBody::next() {
  if (source_) {
    if (problem_[0] != '\0') {
      return Next::failed;
    }
    return source_ended_ ? Next::end : Next::source;
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
      const char* const problem = look_at_file(piece);
      if (problem == nullptr) {
        return Next::file;
      }
      fail_file(problem);
      break;
    }
  }
  return problem_[0] == '\0' ? Next::end : Next::failed;
}

// Old bytes and new ones never make a complete response: who gets it must see that it broke off.
// What is only appended to a file, a log for instance, does not change what is being sent of it.
const char* ResponseBody::look_at_file(const http::BodyPiece& piece) {
  struct stat status {};
  file_left_ = piece.size;
  if (::fstat(piece.file->get(), &status) != 0) {
    return nullptr;  // whoever sends it will see
  }
  if (S_ISREG(status.st_mode)) {
    const auto size = static_cast<std::uint64_t>(status.st_size);
    file_left_ = size - std::min(size, piece.offset);
  }
  const FileState now{piece.file.get(), status.st_mtim.tv_sec, status.st_mtim.tv_nsec,
                      status.st_size};
  const FileState before = std::exchange(file_state_, now);
  if (before.file != now.file || now.size > before.size || now == before) {
    return nullptr;
  }
  return now.size < before.size ? kFileShortened : "the file was rewritten while it was sent";
}

void ResponseBody::text_sent(std::size_t size) {
  text_.remove_prefix(size);
  content_sent_ += size;
}

void ResponseBody::file_sent(std::size_t size) {
  pieces_[piece_].offset += size;
  pieces_[piece_].size -= size;
  content_sent_ += size;
}

void ResponseBody::fail_file(const char* problem) {
  problem_ = problem;
  piece_ = pieces_.size();
}

std::size_t ResponseBody::room() const {
  return is_counted_ && left_ < kPieceBytes ? static_cast<std::size_t>(left_) + 1 : kPieceBytes;
}

http::SourceResult ResponseBody::read(std::span<char> room) {
  const http::SourceResult result = read_safely(*source_, room);
  switch (result.status) {
    case http::SourceStatus::more:
      break;
    case http::SourceStatus::wait:
      // With the last byte that was promised the response is complete, whatever the source waits
      // for.
      return is_counted_ && left_ == 0 ? end_source() : result;
    case http::SourceStatus::end:
      return end_source();
    case http::SourceStatus::failed:
      is_reported_ = source_->reports_failure();
      return fail_source(kSourceFailed);
  }
  if (is_counted_) {
    if (result.size > left_) {
      return fail_source("the content is longer than its length said");
    }
    left_ -= result.size;
  }
  content_sent_ += result.size;
  return result;
}

http::SourceResult ResponseBody::end_source() {
  if (is_counted_ && left_ != 0) {
    return fail_source("the content is shorter than its length said");
  }
  source_ended_ = true;
  return {http::SourceStatus::end, 0};
}

http::SourceResult ResponseBody::fail_source(const char* problem) {
  problem_ = problem;
  return {http::SourceStatus::failed, 0};
}

}  // namespace prefork::exchange
