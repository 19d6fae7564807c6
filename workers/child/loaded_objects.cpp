#include "workers/child/loaded_objects.h"

#include <elf.h>
#include <link.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <climits>
#include <cstring>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace prefork::child {

namespace {

constexpr std::size_t kNoteAlignment = 4;

std::string own_program() {
  std::array<char, PATH_MAX> path;
  const ssize_t size = ::readlink("/proc/self/exe", path.data(), path.size());
  return size <= 0 ? "" : std::string(path.data(), static_cast<std::size_t>(size));
}

constexpr std::size_t aligned(std::size_t size) {
  return (size + kNoteAlignment - 1) / kNoteAlignment * kNoteAlignment;
}

// Of the notes in a segment of a loaded object (elf(5)).
std::string build_id_in(std::string_view notes) {
  constexpr std::string_view kOwner{"GNU", 4};
  while (notes.size() >= sizeof(ElfW(Nhdr))) {
    ElfW(Nhdr) head;
    std::memcpy(&head, notes.data(), sizeof head);
    notes.remove_prefix(sizeof head);
    const std::size_t name_size = aligned(head.n_namesz);
    const std::size_t size = name_size + aligned(head.n_descsz);
    if (size > notes.size()) {
      break;
    }
    if (head.n_type == NT_GNU_BUILD_ID && notes.substr(0, head.n_namesz) == kOwner) {
      return std::string(notes.substr(name_size, head.n_descsz));
    }
    notes.remove_prefix(size);
  }
  return "";
}

int add_object(dl_phdr_info* info, std::size_t, void* argument) {
  auto& objects = *static_cast<std::vector<ipc::LoadedObject>*>(argument);
  ipc::LoadedObject object;
  object.bias = info->dlpi_addr;
  for (const ElfW(Phdr) & part : std::span(info->dlpi_phdr, info->dlpi_phnum)) {
    const std::uint64_t start = info->dlpi_addr + part.p_vaddr;
    if (part.p_type == PT_LOAD && (part.p_flags & PF_X) != 0) {
      object.start = object.end == 0 ? start : std::min(object.start, start);
      object.end = std::max(object.end, start + part.p_memsz);
    } else if (part.p_type == PT_NOTE && object.build_id.empty()) {
      object.build_id = build_id_in({reinterpret_cast<const char*>(start), part.p_memsz});
    }
  }
  object.path = objects.empty() ? own_program() : info->dlpi_name;
  objects.push_back(std::move(object));
  return 0;
}

}  // namespace

void show_loaded_objects(ipc::ObjectTable& table) {
  std::vector<ipc::LoadedObject> objects;
  ::dl_iterate_phdr(add_object, &objects);
  if (!objects.empty()) {
    std::reverse(objects.begin() + 1, objects.end());
  }
  table.set(objects);
}

}  // namespace prefork::child
