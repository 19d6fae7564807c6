// What tells one file from another that has, or had, the same name, and from what it was before.
// Values.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

namespace prefork::master {

struct FileStamp {
  std::uint64_t device = 0;
  std::uint64_t inode = 0;
  std::int64_t changed_ns = 0;  // of a folder 0: what is in it may change

  bool operator==(const FileStamp&) const = default;
};

// Nothing: there is none.
std::optional<FileStamp> stamp_of_file(const std::string& path);
std::optional<FileStamp> stamp_of_folder(const std::string& path);

// Nobody writes to a link, so it is complete as it is made. Of a file only its first name is.
bool is_link(const std::string& path);

}  // namespace prefork::master
