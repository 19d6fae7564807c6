#include "server/http1/body_sender.h"

#include "server/http1/chunk_writer.h"

namespace prefork::http1 {

static_assert(BodySender::kPieceBytes <= kMaxChunkBytes);

BodySender::Next BodySender::next(http::ByteBuffer& out) {
  switch (body_.next()) {
    case exchange::ResponseBody::Next::text:
      return Next::text;
    case exchange::ResponseBody::Next::file:
      return Next::file;
    case exchange::ResponseBody::Next::source:
      return read_source(out);
    case exchange::ResponseBody::Next::end:
      return Next::end;
    case exchange::ResponseBody::Next::failed:
      break;
  }
  return Next::failed;
}

// The source reads straight into the buffer.
BodySender::Next BodySender::read_source(http::ByteBuffer& out) {
  const bool chunked = framing_ == BodyFraming::chunked;
  const std::size_t room = body_.room();
  char* const content = chunked ? prepare_chunk(out, room) : out.prepare(room);
  const http::SourceResult result = body_.read({content, room});
  switch (result.status) {
    case http::SourceStatus::more:
      if (chunked) {
        commit_chunk(out, content, result.size);
      } else {
        out.commit(result.size);
      }
      return Next::buffered;
    case http::SourceStatus::wait:
      return Next::wait;
    case http::SourceStatus::end:
      if (chunked) {
        append_last_chunk(out, body_.trailers());
        return Next::buffered;
      }
      return Next::end;
    case http::SourceStatus::failed:
      break;
  }
  return Next::failed;
}

}  // namespace prefork::http1
