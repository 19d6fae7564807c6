// What a handler on the pool writes a long response with, and the form of server-sent events.
#pragma once

#include <prefork/cxx20.hpp>

#include <cstddef>
#include <stdexcept>
#include <string>
#include <string_view>

#include <prefork/abi.h>
#include <prefork/trace.hpp>

namespace prefork {
inline namespace v1 {

// Server-sent events (HTML Living Standard, section 9.2): one event as it goes over the wire. Each
// line of `data` becomes a line of it; CRLF, CR and LF end lines. `type`: empty: none; one with a
// line end in it would be more than a type and throws std::invalid_argument.
inline std::string format_event(std::string_view data, std::string_view type = {}) {
  if (type.find_first_of(std::string_view("\r\n\0", 3)) != std::string_view::npos) {
    throw std::invalid_argument("the type of an event has a line end in it");
  }
  std::string text;
  if (!type.empty()) {
    text.append("event: ").append(type).append("\n");
  }
  for (;;) {
    const std::size_t end = data.find_first_of("\r\n");
    text.append("data: ").append(data.substr(0, end)).append("\n");
    if (end == std::string_view::npos) {
      return text.append("\n");
    }
    data.remove_prefix(data.substr(end, 2) == "\r\n" ? end + 2 : end + 1);
    if (data.empty()) {
      return text.append("\n");  // that was the end of the last line
    }
  }
}

// Where a handler on the pool writes a long response to, piece by piece. Lives as long as the call
// of the function that was given to Response::stream; that thread only.
class Writer {
 public:
  // For the layer below.
  Writer(const prefork_api& api, prefork_stream* stream) : api_(&api), stream_(stream) {}

  // Copies the bytes, after waiting until the client has taken most of what was written before.
  // False when it is gone (or took nothing for --timeout-write): then it is time to stop.
  bool write(std::string_view bytes) {
    return api_->write(stream_, detail::text(bytes)) == PREFORK_OK;
  }
  // Whether the client has closed or lost its connection, as far as is known: for those that have
  // nothing to write and only wait. Any thread.
  bool is_gone() const { return PREFORK_HAS(api_, is_gone) && api_->is_gone(stream_) != 0; }
  // Server-sent events: one of them, see format_event.
  bool event(std::string_view data, std::string_view type = {}) {
    return write(format_event(data, type));
  }
  // A field that is known only behind the content: a digest, a count (RFC 9110 section 6.5). To be
  // announced in the head: header("Trailer", "Repr-Digest"). It goes behind a chunked content, and
  // is left out where there is a length or the client speaks HTTP/1.0; who does not want it (TE)
  // may ignore it, so it is for what can be missed. Throws std::invalid_argument for what is not
  // allowed there (section 6.5.1: what frames, routes, authenticates or describes the content),
  // what is no field, and beyond 8 KiB of them; std::runtime_error when the server is older.
  void trailer(std::string_view name, std::string_view value) {
    if (!PREFORK_HAS(api_, add_trailer)) {
      throw std::runtime_error("Writer::trailer() needs a newer server than this one");
    }
    switch (api_->add_trailer(stream_, detail::text(name), detail::text(value))) {
      case PREFORK_WRONG:
        throw std::invalid_argument("trailer '" + std::string(name) +
                                    "': not a field that may come behind the content");
      case PREFORK_FULL:
        throw std::invalid_argument("trailer '" + std::string(name) +
                                    "': more than there is room for");
      default:
        break;
    }
  }

 private:
  const prefork_api* api_;
  prefork_stream* stream_;
};

}  // namespace v1
}  // namespace prefork
