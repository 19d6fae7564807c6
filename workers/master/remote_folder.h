// Folders in which others than this machine can change something: the kernel tells of what is done
// through it, and of nothing else (inotify(7), "Limitations and caveats"). Stateless; master only.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace prefork::master {

// "nfs", "9p" ...: of a type as statfs(2) gives it; nothing: a file system of this machine.
std::optional<std::string_view> name_of_remote_type(long type);

// Of the file system that the folder is on; nothing too where that cannot be learned.
std::optional<std::string_view> remote_file_system_of(const std::string& folder);

}  // namespace prefork::master
