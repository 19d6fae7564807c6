// Text for a terminal: wrapped between words, and in two columns. What the help texts are made
// with. Any thread.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace prefork::config {

inline constexpr std::size_t kNarrowestHelp = 60;
inline constexpr std::size_t kWidestHelp = 100;

// In characters: that of the terminal which standard output is (ioctl_tty(2): TIOCGWINSZ), within
// these two; the widest where it is none.
std::size_t help_width();

// One paragraph, its lines no longer than `width` where its words allow that. Ends with a line end.
std::string wrapped(std::string_view text, std::size_t width);

// Two spaces and `left`, then `text` from this column on, wrapped. `last` comes behind it, in a
// line of its own rather than in two, unless it is longer than a line.
std::string two_columns(std::string_view left, std::size_t column, std::string_view text,
                        std::size_t width, std::string_view last = "");

}  // namespace prefork::config
