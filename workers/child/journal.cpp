#include "workers/child/journal.h"

#include <sys/stat.h>

#include <charconv>
#include <cstdlib>

namespace prefork::child {

bool is_journal(int fd) {
  const char* const variable = std::getenv("JOURNAL_STREAM");
  struct stat about {};
  return variable != nullptr && ::fstat(fd, &about) == 0 &&
         parse_journal_stream(variable) == JournalStream{about.st_dev, about.st_ino};
}

std::optional<JournalStream> parse_journal_stream(std::string_view text) {
  JournalStream stream;
  const char* const end = text.data() + text.size();
  const auto device = std::from_chars(text.data(), end, stream.device);
  if (device.ec != std::errc() || device.ptr == end || *device.ptr != ':') {
    return std::nullopt;
  }
  const auto inode = std::from_chars(device.ptr + 1, end, stream.inode);
  if (inode.ec != std::errc() || inode.ptr != end) {
    return std::nullopt;
  }
  return stream;
}

std::string_view journal_priority(config::LogLevel level) {
  switch (level) {
    case config::LogLevel::critical:
      return "<2>";
    case config::LogLevel::error:
      return "<3>";
    case config::LogLevel::warning:
      return "<4>";
    case config::LogLevel::info:
      return "<6>";
    case config::LogLevel::trace:
    case config::LogLevel::debug:
    case config::LogLevel::off:
      break;
  }
  return "<7>";
}

}  // namespace prefork::child
