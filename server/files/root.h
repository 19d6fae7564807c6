// The folder whose files are served, and the only way to its files: openat2(2) below the folder's
// descriptor, so that neither a path nor a symbolic link leads out of it, whoever changes the
// folder meanwhile. The folder is found by its path again and again (see refresh), so a folder that
// was deleted and made anew, or a link that was turned to the next release, is noticed. One thread.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <string>

#include "ipc/base/owned_fd.h"

namespace prefork::files {

// What tells one state of a file from another: never the time of modification alone, which anybody
// sets. A file that is written to in place without changing its size, twice within one tick of the
// kernel's clock, looks the same.
struct FileIdentity {
  std::uint64_t device = 0;
  std::uint64_t inode = 0;
  std::uint64_t size = 0;
  std::int64_t modified_ns = 0;
  std::int64_t changed_ns = 0;

  bool operator==(const FileIdentity&) const = default;
};

enum class FileKind : std::uint8_t {
  file,
  folder,
  nothing,    // 404: no such thing, or one that is never served (a pipe, a device, a socket)
  forbidden,  // 403: this process may not read it
  overload,   // 503: no descriptor or memory for it just now
  failed,     // 500: the file system says something is broken
};

struct FoundFile {
  FileKind kind = FileKind::nothing;
  FileIdentity identity;  // of a file or folder
  ipc::OwnedFd fd;        // of a file or folder, for reading
};

// What is behind a descriptor that was opened to be served; a file or folder, or nothing.
FoundFile identify(ipc::OwnedFd fd);
// Whether an open file is still in that state.
bool is_still(int fd, const FileIdentity& identity);
// What lies at a path that the application itself names, wherever that is. Never blocks on a pipe.
FoundFile open_anywhere(const std::string& path);

class StaticRoot {
 public:
  // Throws std::runtime_error, with a line for people, if the folder cannot be opened or the kernel
  // has no openat2(2) (before Linux 5.6).
  explicit StaticRoot(std::string path);

  // Opens what lies at `path` below the folder, relative, without a slash at its front; "" is the
  // folder itself. Never blocks on a pipe.
  [[nodiscard]] FoundFile open(const std::string& path) const;

  // Whether the folder's path leads to another folder now, which is the one used from now on. While
  // it leads nowhere the old one stays in use.
  bool refresh();

  [[nodiscard]] const std::string& path() const { return path_; }

 private:
  std::string path_;
  ipc::OwnedFd fd_;
  FileIdentity identity_;
};

}  // namespace prefork::files
