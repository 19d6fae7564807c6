// What every fuzz target shares: control bytes from the front of an input, a way to cut the rest
// into pieces that the input itself chooses, and the check that turns a broken property into a
// crash. Built by every compiler: the targets are replayed by an ordinary test as well.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <utility>
#include <vector>

#include "ipc/base/check.h"
#include "server/http1/request_parser.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

namespace prefork::fuzzing {

class Input {
 public:
  Input(const std::uint8_t* data, std::size_t size)
      : text_(reinterpret_cast<const char*>(data), size) {}

  // 0 when nothing is left, so that short inputs mean something too.
  std::uint8_t byte() {
    if (text_.empty()) {
      return 0;
    }
    const char first = text_.front();
    text_.remove_prefix(1);
    return static_cast<std::uint8_t>(first);
  }

  [[nodiscard]] std::string_view rest() const { return text_; }

 private:
  std::string_view text_;
};

// Four control bytes; 0 stands for the limit that is used outside tests. Like the configuration,
// this gives the line more room than a method needs, and the head more than the line.
inline http1::ParserLimits take_limits(Input& input) {
  http1::ParserLimits limits;
  if (const std::size_t byte = input.byte(); byte != 0) {
    limits.request_line_bytes = 36 + 4 * byte;
  }
  if (const std::size_t byte = input.byte(); byte != 0) {
    limits.header_bytes = limits.request_line_bytes + 4 * byte;
  }
  if (const std::size_t byte = input.byte(); byte != 0) {
    limits.header_count = byte;
  }
  if (const std::size_t byte = input.byte(); byte != 0) {
    limits.body_bytes = byte - 1U;
  }
  return limits;
}

// Pieces of 1 to `seed` bytes, irregular but the same each time; a seed of 0 or 1 cuts everywhere.
inline std::vector<std::string_view> pieces_of(std::string_view bytes, std::uint8_t seed) {
  std::vector<std::string_view> pieces;
  std::uint32_t state = seed;
  while (!bytes.empty()) {
    state = state * 1664525U + 1013904223U;
    const std::size_t size = seed == 0 ? 1 : 1 + (state >> 16) % seed;
    pieces.push_back(bytes.substr(0, size));
    bytes.remove_prefix(pieces.back().size());
  }
  return pieces;
}

}  // namespace prefork::fuzzing
