// Whether a standard stream leads to systemd's journal, which adds time and unit itself and takes
// the severity from a number in front of the line (sd-daemon(3), JOURNAL_STREAM in
// systemd.exec(5)).
#pragma once

#include <optional>
#include <string_view>

#include "config/options/options.h"

namespace prefork::child {

// As the environment of this process says of what `fd` is by now.
bool is_journal(int fd);

// "8:1234": device and inode in decimal, as in the variable.
struct JournalStream {
  unsigned long long device = 0;
  unsigned long long inode = 0;

  bool operator==(const JournalStream&) const = default;
};
std::optional<JournalStream> parse_journal_stream(std::string_view text);

// "<4>"
std::string_view journal_priority(config::LogLevel level);

}  // namespace prefork::child
