// The names of source files in the header of a line number program: by number, with their folders.
// A list ended by an empty entry up to version 4 of DWARF, a table that describes itself in 5.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "workers/symbols/byte_reader.h"

namespace prefork::symbols {

class LineFiles {
 public:
  // `header`: where the folders begin.
  LineFiles(ByteReader header, int version, bool is_long, std::string_view line_str,
            std::string_view str);

  // Empty: there is no such file.
  [[nodiscard]] std::string name(std::uint64_t number) const;

 private:
  struct Entry {
    std::string_view name;
    std::uint64_t folder = 0;
  };

  void read_lists(ByteReader& header);
  std::vector<Entry> read_table(ByteReader& header) const;
  void read_field(ByteReader& header, std::uint64_t content, std::uint64_t form,
                  Entry& entry) const;

  bool is_long_ = false;
  std::string_view line_str_;
  std::string_view str_;
  std::vector<Entry> folders_;
  std::vector<Entry> files_;
};

}  // namespace prefork::symbols
