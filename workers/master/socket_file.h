// The file of a Unix socket, as it was when the socket was bound: by that its owner tells it from
// one that somebody else has put there since. Plain values.
#pragma once

#include <sys/types.h>

#include <string>

namespace prefork::master {

struct SocketFile {
  std::string path;  // where it really is, wherever links lead by now; empty: there is none
  dev_t device = 0;
  ino_t inode = 0;

  // As it is there now.
  static SocketFile at(const std::string& path);
  // It is still what this path leads to.
  [[nodiscard]] bool is_at(const std::string& where) const;
  // Removes it, where it is still there.
  void remove() const;

  bool operator==(const SocketFile&) const = default;
};

}  // namespace prefork::master
