#include "ipc/control_places.h"

#include <dirent.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <string_view>

#include "ipc/base/error_text.h"
#include "ipc/base/owned_fd.h"

namespace prefork::ipc {

namespace {

constexpr std::string_view kFolderName = "prefork-server";
constexpr std::string_view kServiceSocket = "/control.sock";
constexpr std::string_view kEnding = ".sock";

// systemd.exec(5): several are separated by colons.
std::string first_of(const std::string& list) { return list.substr(0, list.find(':')); }

std::string xdg_folder(const ControlSurroundings& surroundings) {
  return surroundings.xdg_runtime_dir + "/" + std::string(kFolderName);
}

std::string tmp_folder(const ControlSurroundings& surroundings) {
  return surroundings.tmp + "/" + std::string(kFolderName) + "-" +
         std::to_string(surroundings.user);
}

bool is_folder_of(const std::string& folder, uid_t user) {
  struct stat status {};
  return ::lstat(folder.c_str(), &status) == 0 && S_ISDIR(status.st_mode) && status.st_uid == user;
}

std::vector<std::string> names_in(const std::string& folder) {
  std::vector<std::string> names;
  const std::unique_ptr<DIR, int (*)(DIR*)> open(::opendir(folder.c_str()), ::closedir);
  while (open != nullptr) {
    const dirent* const entry = ::readdir(open.get());
    if (entry == nullptr) {
      break;
    }
    names.emplace_back(static_cast<const char*>(entry->d_name));
  }
  std::sort(names.begin(), names.end());
  return names;
}

// Of "123.sock"; 0: it is none.
pid_t server_of(const std::string& name) {
  char* end = nullptr;
  const long pid = std::strtol(name.c_str(), &end, 10);
  const bool fits = end != name.c_str() && kEnding == end && pid > 0 && pid <= 1L << 22;
  return fits ? static_cast<pid_t>(pid) : 0;
}

}  // namespace

std::vector<ControlPlace> control_places(const ControlSurroundings& surroundings, pid_t server) {
  const std::string name = "/" + std::to_string(server) + std::string(kEnding);
  std::vector<ControlPlace> places;
  if (!surroundings.runtime_directory.empty()) {
    places.push_back({first_of(surroundings.runtime_directory) + std::string(kServiceSocket), ""});
  }
  if (!surroundings.xdg_runtime_dir.empty()) {
    places.push_back({xdg_folder(surroundings) + name, xdg_folder(surroundings)});
  }
  places.push_back({tmp_folder(surroundings) + name, tmp_folder(surroundings)});
  return places;
}

std::string make_private_folder(const std::string& folder, uid_t user) {
  if (::mkdir(folder.c_str(), 0700) != 0 && errno != EEXIST) {
    return "the folder " + folder + " cannot be made: " + std::string(error_text(errno));
  }
  struct stat status {};
  if (::lstat(folder.c_str(), &status) != 0) {
    return "the folder " + folder + ": " + std::string(error_text(errno));
  }
  if (!S_ISDIR(status.st_mode) || status.st_uid != user || (status.st_mode & 077U) != 0) {
    return folder + " is not a folder that is this user's alone (mode 0700)";
  }
  return "";
}

SocketUse use_of_control_socket(const std::string& path) {
  struct stat status {};
  if (::lstat(path.c_str(), &status) != 0 || !S_ISSOCK(status.st_mode)) {
    return SocketUse::none;
  }
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (path.size() >= sizeof address.sun_path) {
    return SocketUse::unknown;
  }
  std::memcpy(address.sun_path, path.data(), path.size());
  const OwnedFd probe(::socket(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  if (::connect(probe.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0 ||
      errno == EAGAIN) {
    return SocketUse::in_use;
  }
  return errno == ECONNREFUSED ? SocketUse::stale : SocketUse::unknown;
}

std::vector<std::string> running_controls(const ControlSurroundings& surroundings) {
  std::vector<std::string> paths;
  if (!surroundings.runtime_directory.empty()) {
    paths.push_back(first_of(surroundings.runtime_directory) + std::string(kServiceSocket));
  }
  // Who asks is seldom the service itself.
  for (const std::string& name : names_in(surroundings.run)) {
    if (name.starts_with(kFolderName)) {
      paths.push_back(surroundings.run + "/" + name + std::string(kServiceSocket));
    }
  }
  std::vector<std::string> folders = {tmp_folder(surroundings)};
  if (!surroundings.xdg_runtime_dir.empty()) {
    folders.insert(folders.begin(), xdg_folder(surroundings));
  }
  for (const std::string& folder : folders) {
    if (!is_folder_of(folder, surroundings.user)) {
      continue;
    }
    for (const std::string& name : names_in(folder)) {
      if (server_of(name) != 0) {
        paths.push_back(folder + "/" + name);
      }
    }
  }
  std::vector<std::string> running;
  for (std::string& path : paths) {
    const bool is_new = std::find(running.begin(), running.end(), path) == running.end();
    if (is_new && use_of_control_socket(path) == SocketUse::in_use) {
      running.push_back(std::move(path));
    }
  }
  return running;
}

// One that has been made but does not listen yet belongs to a process that lives.
void remove_stale_controls(const std::string& folder) {
  for (const std::string& name : names_in(folder)) {
    const pid_t server = server_of(name);
    if (server == 0 || ::kill(server, 0) == 0 || errno != ESRCH) {
      continue;
    }
    const std::string path = folder + "/" + name;
    if (use_of_control_socket(path) == SocketUse::stale) {
      ::unlink(path.c_str());
    }
  }
}

}  // namespace prefork::ipc
