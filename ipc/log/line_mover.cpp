#include "ipc/log/line_mover.h"

#include <algorithm>
#include <cerrno>
#include <string_view>

namespace prefork::ipc {

namespace {

std::uint64_t count_lines(std::string_view text) {
  return static_cast<std::uint64_t>(std::count(text.begin(), text.end(), '\n'));
}

// Whole lines, at most so many bytes of them; empty: the first line is longer than any may be, or
// has no end.
std::string_view first_lines(std::string_view lines, std::size_t most) {
  const std::string_view block = lines.substr(0, most);
  return block.substr(0, block.rfind('\n') + 1);
}

}  // namespace

MovedLines move_lines(LineRing& ring, LineSink& sink, std::uint64_t until) {
  MovedLines moved;
  std::string_view rest = ring.lines(until);
  const auto pop = [&](std::size_t bytes) {
    ring.pop(bytes);
    rest.remove_prefix(bytes);
    moved.bytes += bytes;
  };
  while (!rest.empty()) {
    const std::string_view block = first_lines(rest, sink.block_bytes());
    if (block.empty()) {
      moved.lost += 1;
      pop(std::min(rest.find('\n'), rest.size() - 1) + 1);
      continue;
    }
    const LineSink::Written written = sink.write(block);
    moved.lost += written.torn;
    pop(written.size);
    if (written.error != 0) {
      moved.error = written.error;
      if (written.error != EAGAIN) {
        moved.lost += count_lines(rest);
        pop(rest.size());
      }
      return moved;
    }
  }
  return moved;
}

std::uint64_t drop_lines(LineRing& ring, std::uint64_t until) {
  const std::string_view lines = ring.lines(until);
  const std::uint64_t count = count_lines(lines);
  ring.pop(lines.size());
  return count;
}

}  // namespace prefork::ipc
