#include "workers/symbols/elf_sections.h"

#include <elf.h>
#include <link.h>

#include <cstring>

#include "workers/symbols/byte_reader.h"

namespace prefork::symbols {

namespace {

// More than any linker writes.
constexpr std::uint64_t kMaxSections = 65'536;

std::string_view part_of(std::string_view file, std::uint64_t offset, std::uint64_t size) {
  return ByteReader(bytes_from(file, offset)).take(size);
}

ElfW(Shdr) header_at(std::string_view file, std::uint64_t offset) {
  return ByteReader(bytes_from(file, offset)).number<ElfW(Shdr)>();
}

}  // namespace

ElfSections::ElfSections(std::string_view file) {
  const auto header = ByteReader(file).number<ElfW(Ehdr)>();
  if (std::memcmp(header.e_ident, ELFMAG, SELFMAG) != 0 ||
      header.e_ident[EI_CLASS] != (sizeof(void*) == 8 ? ELFCLASS64 : ELFCLASS32) ||
      header.e_shentsize != sizeof(ElfW(Shdr)) || header.e_shoff > file.size()) {
    return;
  }
  // Where there are too many for the header, the first section has their numbers.
  const ElfW(Shdr) first = header_at(file, header.e_shoff);
  const std::uint64_t count = header.e_shnum != 0 ? header.e_shnum : first.sh_size;
  const std::uint64_t names_index =
      header.e_shstrndx != SHN_XINDEX ? header.e_shstrndx : first.sh_link;
  if (count > kMaxSections || names_index >= count) {
    return;
  }
  const auto section_header = [&](std::uint64_t index) {
    return header_at(file, header.e_shoff + index * sizeof(ElfW(Shdr)));
  };
  const ElfW(Shdr) names = section_header(names_index);
  const std::string_view name_bytes = part_of(file, names.sh_offset, names.sh_size);
  for (std::uint64_t i = 0; i < count; ++i) {
    const ElfW(Shdr) section = section_header(i);
    if (section.sh_type != SHT_NOBITS && (section.sh_flags & SHF_COMPRESSED) == 0) {
      sections_.emplace(ByteReader(bytes_from(name_bytes, section.sh_name)).text(),
                        part_of(file, section.sh_offset, section.sh_size));
    }
  }
}

std::string_view ElfSections::section(std::string_view name) const {
  const auto found = sections_.find(name);
  return found == sections_.end() ? std::string_view() : found->second;
}

std::string ElfSections::build_id() const {
  ByteReader note(section(".note.gnu.build-id"));
  const auto header = note.number<ElfW(Nhdr)>();
  note.take((header.n_namesz + 3) & ~3U);
  return std::string(note.take(header.n_descsz));
}

std::map<std::uint64_t, std::string_view> ElfSections::functions_at(
    const std::vector<std::uint64_t>& addresses) const {
  std::map<std::uint64_t, std::string_view> found;
  find_functions(section(".symtab"), section(".strtab"), addresses, found);
  find_functions(section(".dynsym"), section(".dynstr"), addresses, found);
  return found;
}

void ElfSections::find_functions(std::string_view symbols, std::string_view names,
                                 const std::vector<std::uint64_t>& addresses,
                                 std::map<std::uint64_t, std::string_view>& found) const {
  ByteReader reader(symbols);
  while (!reader.at_end()) {
    const auto symbol = reader.number<ElfW(Sym)>();
    if (reader.has_failed() || (symbol.st_info & 0xFU) != STT_FUNC) {
      continue;
    }
    for (const std::uint64_t address : addresses) {
      if (address >= symbol.st_value && address - symbol.st_value < symbol.st_size) {
        found.emplace(address, ByteReader(bytes_from(names, symbol.st_name)).text());
      }
    }
  }
}

}  // namespace prefork::symbols
