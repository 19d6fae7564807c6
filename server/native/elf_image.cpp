#include "server/native/elf_image.h"

#include <elf.h>
#include <link.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <string_view>

#include "config/base/text.h"
#include "ipc/base/hex_text.h"

namespace prefork::native {

namespace {

using FileHeader = ElfW(Ehdr);
using ProgramHeader = ElfW(Phdr);
using DynamicEntry = ElfW(Dyn);
using NoteHeader = ElfW(Nhdr);

// More than any linker writes; a file that asks for more is not believed.
constexpr std::size_t kMaxProgramHeaders = 128;
constexpr std::size_t kMaxDynamicEntries = 4096;
constexpr std::size_t kMaxNoteBytes = 64 * 1024;
constexpr std::size_t kMaxNameBytes = 4096;  // PATH_MAX

constexpr const char* kNotShared = "not a shared object (build it with -fPIC -shared)";

bool read_at(int file, std::uint64_t offset, void* bytes, std::size_t size) {
  return ::pread(file, bytes, size, static_cast<off_t>(offset)) == static_cast<ssize_t>(size);
}

std::string text_at(int file, std::uint64_t offset) {
  std::string text(kMaxNameBytes, '\0');
  const ssize_t size = ::pread(file, text.data(), text.size(), static_cast<off_t>(offset));
  text.resize(size > 0 ? static_cast<std::size_t>(size) : 0);
  const std::size_t end = text.find('\0');
  return end == text.npos ? std::string() : text.substr(0, end);
}

std::vector<std::string> divided(std::string_view list) {
  std::vector<std::string> parts;
  while (!list.empty()) {
    parts.emplace_back(config::take_until(list, ':'));
  }
  return parts;
}

}  // namespace

config::Result<ElfImage> ElfImage::read(int file) {
  struct stat status {};
  if (::fstat(file, &status) != 0 || !S_ISREG(status.st_mode)) {
    return config::Problem{"not a regular file"};
  }
  FileHeader header{};
  if (!read_at(file, 0, &header, sizeof header) ||
      std::memcmp(header.e_ident, ELFMAG, SELFMAG) != 0) {
    return config::Problem{kNotShared};
  }
  if (header.e_type != ET_DYN) {
    return config::Problem{
        "not a shared object but an object file or a program (link it with -shared)"};
  }
  if (header.e_phentsize != sizeof(ProgramHeader) || header.e_phnum > kMaxProgramHeaders) {
    return config::Problem{kNotShared};
  }
  std::vector<ProgramHeader> headers(header.e_phnum);
  if (!read_at(file, header.e_phoff, headers.data(), headers.size() * sizeof(ProgramHeader))) {
    return config::Problem{kNotShared};
  }
  std::vector<Segment> loaded;
  for (const ProgramHeader& part : headers) {
    if (part.p_type == PT_LOAD) {
      loaded.push_back({part.p_offset, part.p_vaddr, part.p_filesz});
    }
  }
  ElfImage image;
  for (const ProgramHeader& part : headers) {
    const Segment segment{part.p_offset, part.p_vaddr, part.p_filesz};
    if (part.p_type == PT_NOTE && image.build_id_.empty()) {
      image.read_note(file, segment);
    } else if (part.p_type == PT_DYNAMIC) {
      image.read_dynamic(file, segment, loaded);
    }
  }
  return image;
}

void ElfImage::read_note(int file, const Segment& note) {
  std::string bytes(std::min<std::uint64_t>(note.size, kMaxNoteBytes), '\0');
  if (!read_at(file, note.offset, bytes.data(), bytes.size())) {
    return;
  }
  const auto padded = [](std::size_t size) { return (size + 3) & ~std::size_t{3}; };
  std::string_view rest = bytes;
  while (rest.size() >= sizeof(NoteHeader)) {
    NoteHeader header{};
    std::memcpy(&header, rest.data(), sizeof header);
    rest.remove_prefix(sizeof header);
    const std::size_t name_bytes = padded(header.n_namesz);
    const std::size_t value_bytes = padded(header.n_descsz);
    if (name_bytes > rest.size() || value_bytes > rest.size() - name_bytes) {
      return;
    }
    if (header.n_type == NT_GNU_BUILD_ID && rest.starts_with(std::string_view("GNU\0", 4))) {
      build_id_ = ipc::to_hex(rest.substr(name_bytes, header.n_descsz));
      return;
    }
    rest.remove_prefix(name_bytes + value_bytes);
  }
}

void ElfImage::read_dynamic(int file, const Segment& dynamic, const std::vector<Segment>& loaded) {
  std::vector<DynamicEntry> entries(
      std::min<std::uint64_t>(dynamic.size / sizeof(DynamicEntry), kMaxDynamicEntries));
  if (!read_at(file, dynamic.offset, entries.data(), entries.size() * sizeof(DynamicEntry))) {
    return;
  }
  const auto table = std::ranges::find(entries, DT_STRTAB, &DynamicEntry::d_tag);
  if (table == entries.end()) {
    return;
  }
  const std::uint64_t address = table->d_un.d_ptr;
  const auto within = std::ranges::find_if(loaded, [address](const Segment& segment) {
    return address >= segment.address && address - segment.address < segment.size;
  });
  if (within == loaded.end()) {
    return;
  }
  const std::uint64_t strings = within->offset + (address - within->address);
  for (const DynamicEntry& entry : entries) {
    if (entry.d_tag == DT_NULL) {
      return;
    }
    if (entry.d_tag == DT_NEEDED) {
      needed_.push_back(text_at(file, strings + entry.d_un.d_val));
    } else if (entry.d_tag == DT_RUNPATH || entry.d_tag == DT_RPATH) {
      search_folders_ = divided(text_at(file, strings + entry.d_un.d_val));
    }
  }
}

}  // namespace prefork::native
