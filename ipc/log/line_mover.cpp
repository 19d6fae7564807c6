#include "ipc/log/line_mover.h"

#include <algorithm>
#include <cerrno>
#include <string>
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

// How much others may have written in front of a block while it was on its way.
constexpr std::size_t kMostReadBack = std::size_t{1} << 20;

// How many bytes of the block's first lines are somewhere in the text, one behind the other.
std::size_t found_of(std::string_view block, std::string_view text) {
  const std::string_view first = block.substr(0, block.find('\n') + 1);
  std::size_t most = 0;
  for (std::size_t at = text.find(first); at != std::string_view::npos && most < block.size();
       at = text.find(first, at + 1)) {
    const std::string_view there = text.substr(at, block.size());
    const auto same = static_cast<std::size_t>(
        std::mismatch(there.begin(), there.end(), block.begin()).first - there.begin());
    most = std::max(most, first_lines(block, same).size());
  }
  return most;
}

}  // namespace

void skip_written_lines(LineRing& ring, LineSink& sink) {
  const auto begun = ring.begun();
  const auto file = sink.file();
  if (!begun || !file || begun->file.device != file->device || begun->file.inode != file->inode) {
    return;
  }
  const std::string_view block = first_lines(ring.lines(), begun->bytes);
  const std::string text = sink.read_back(begun->file.size, kMostReadBack);
  if (block.empty() || text.empty()) {
    return;
  }
  ring.pop(found_of(block, text));
  if (text.back() != '\n' && text.size() < kMostReadBack) {
    sink.note_torn();  // by the one that has died
  }
}

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
    if (const auto file = sink.file()) {
      ring.note_begun({block.size(), *file});
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
