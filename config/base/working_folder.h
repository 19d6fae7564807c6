// What relative names on the command line and in the configuration begin in.
#pragma once

#include <string>

namespace prefork::config {

// It is an absolute name of the folder the process is in: the rule by which a shell believes $PWD
// (POSIX, pwd -L). Such a name may lead elsewhere later, where part of it is a link.
bool names_working_folder(const std::string& name);

// `path` by the name of the working folder, `folder` (empty: only the kernel knows one), so that it
// means the same whatever folder the process is in later. As it is where nobody knows any.
std::string absolute_path(const std::string& path, const std::string& folder);

}  // namespace prefork::config
