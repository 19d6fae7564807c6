// The sections of an ELF file (elf(5)), and which function an address of it belongs to. Believes
// nothing: whatever lies outside of the bytes is not there. The bytes outlive it.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace prefork::symbols {

class ElfSections {
 public:
  // No sections when the bytes are not those of such a file, for this kind of machine.
  explicit ElfSections(std::string_view file);

  // Empty: there is none, or it is compressed.
  [[nodiscard]] std::string_view section(std::string_view name) const;
  // The bytes of the GNU build id; empty: it was linked without one.
  [[nodiscard]] std::string build_id() const;

  // The names of functions as linkers know them, by those of the addresses that belong to one.
  [[nodiscard]] std::map<std::uint64_t, std::string_view> functions_at(
      const std::vector<std::uint64_t>& addresses) const;

 private:
  void find_functions(std::string_view symbols, std::string_view names,
                      const std::vector<std::uint64_t>& addresses,
                      std::map<std::uint64_t, std::string_view>& found) const;

  std::map<std::string_view, std::string_view> sections_;
};

}  // namespace prefork::symbols
