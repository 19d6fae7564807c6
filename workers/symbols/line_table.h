// The file and line that the code at an address was compiled from: DWARF's line number program, of
// the versions 2 to 5 (chapter 6.2 of the standard, https://dwarfstd.org). Believes nothing.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace prefork::symbols {

struct SourceLine {
  std::string file;
  std::uint64_t line = 0;
};

// The sections of these names; empty: there is none.
struct LineSections {
  std::string_view line;      // .debug_line
  std::string_view line_str;  // .debug_line_str
  std::string_view str;       // .debug_str
};

// By those of the addresses that have one.
std::map<std::uint64_t, SourceLine> find_lines(const LineSections& sections,
                                               const std::vector<std::uint64_t>& addresses);

}  // namespace prefork::symbols
