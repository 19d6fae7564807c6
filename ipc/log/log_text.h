// Text of others in the lines of logs: it can neither forge a line, nor end a part of one, nor
// command the terminal that shows it. Pure functions, which append to `line`, a std::string or a
// LineText.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "ipc/log/line_text.h"

namespace prefork::ipc {

// What a client has sent: all but printable ASCII, and quotes and backslashes, as \x and two
// digits. At most `limit` bytes come out; no escape is cut in two.
template <typename Line>
void append_escaped(Line& line, std::string_view text, std::size_t limit);
std::string escaped(std::string_view text);

// As part of a JSON string, without its quotes. What is not UTF-8 becomes U+FFFD. At most `limit`
// bytes come out.
template <typename Line>
void append_json(Line& line, std::string_view text, std::size_t limit);

// What a person writes, in any language, stays readable. Control characters, those that turn the
// direction of writing or end a line, and what is not UTF-8 become \x and two digits for each byte.
void append_readable(std::string& line, std::string_view text);

void append_number(std::string& line, std::uint64_t number);

extern template void append_escaped(std::string&, std::string_view, std::size_t);
extern template void append_escaped(LineText&, std::string_view, std::size_t);
extern template void append_json(std::string&, std::string_view, std::size_t);
extern template void append_json(LineText&, std::string_view, std::size_t);

}  // namespace prefork::ipc
