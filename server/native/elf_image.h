// What an ELF file says of itself (elf(5)), as far as it is needed before and beside dlopen(3).
// Believes nothing: whatever lies outside of the file is not there. Reads, never runs. The file
// must stay open and must not change meanwhile.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "config/base/result.h"

namespace prefork::native {

class ElfImage {
 public:
  // Of a shared object for this kind of machine. The problem is a part of a line: "not a ...".
  static config::Result<ElfImage> read(int file);

  // Its GNU build id in hexadecimal digits; empty: it was linked without one (ld(1), --build-id).
  [[nodiscard]] const std::string& build_id() const { return build_id_; }
  // The libraries it asks for by name (DT_NEEDED), and the folders its author wants them looked for
  // in (DT_RUNPATH, DT_RPATH), with $ORIGIN as it stands there.
  [[nodiscard]] const std::vector<std::string>& needed() const { return needed_; }
  [[nodiscard]] const std::vector<std::string>& search_folders() const { return search_folders_; }

 private:
  struct Segment {
    std::uint64_t offset = 0;
    std::uint64_t address = 0;
    std::uint64_t size = 0;
  };

  ElfImage() = default;

  void read_note(int file, const Segment& note);
  void read_dynamic(int file, const Segment& dynamic, const std::vector<Segment>& loaded);

  std::string build_id_;
  std::vector<std::string> needed_;
  std::vector<std::string> search_folders_;
};

}  // namespace prefork::native
