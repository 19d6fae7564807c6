// Where the content of a long response comes from: pulled piece by piece, as fast as the client
// takes it, so that a response of any length needs the memory of one piece.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <span>
#include <string_view>

namespace prefork::http {

enum class SourceStatus : std::uint8_t {
  more,    // `size` bytes, at least one; ask again
  wait,    // nothing at present; the source says when by its wake function
  end,     // that was all
  failed,  // the rest will not come: the connection is cut, so that the client notices
};

struct SourceResult {
  SourceStatus status = SourceStatus::end;
  std::size_t size = 0;
};

// Used by the event loop only. Destroyed when the response ends, however it ends.
class BodySource {
 public:
  BodySource() = default;
  virtual ~BodySource() = default;
  BodySource(const BodySource&) = delete;
  BodySource& operator=(const BodySource&) = delete;

  // Once, before the first read. `wake` may be called by any thread, as long as the server lives.
  // An exception counts as `failed`.
  virtual void start(std::function<void()> /*wake*/) {}

  // Fills the front of `room`. Must not block; an exception counts as `failed`.
  virtual SourceResult read(std::span<char> room) = 0;

  // After `end`: fields for behind the content, in wire form: "Name: value\r\n" and so on. They are
  // sent where the framing has room for them.
  [[nodiscard]] virtual std::string_view trailers() const { return {}; }

  // Whether somebody else, who knows more, tells the log why reading failed.
  [[nodiscard]] virtual bool reports_failure() const { return false; }
};

}  // namespace prefork::http
