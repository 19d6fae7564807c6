#include "workers/master/control_socket.h"

#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <utility>

#include "ipc/base/error_text.h"
#include "workers/child/process_limits.h"

namespace prefork::master {

namespace {

// Operators are few; the observer takes them in no time.
constexpr int kControlBacklog = 16;
constexpr mode_t kOwnerOnly = 0600;

ListenError control_error(int error, const std::string& path) {
  const std::string where = "--control: cannot listen on " + path + ": ";
  switch (error) {
    case EADDRINUSE:
      return {config::ExitCode::address_in_use,
              where + "another server has it; choose another path"};
    case EACCES:
    case EPERM:
      return {config::ExitCode::no_permission_to_bind,
              where + "no permission; choose another path or off"};
    default:
      return {config::ExitCode::cannot_bind,
              where + std::string(ipc::error_text(error)) + child::remedy_for(error)};
  }
}

std::string value_of(const config::Environment& environment, const char* name) {
  const auto found = environment.find(name);
  return found == environment.end() ? "" : found->second;
}

}  // namespace

ControlSocket::ControlSocket(ipc::OwnedFd fd, std::string path, SocketFile file)
    : fd_(std::move(fd)), path_(std::move(path)), file_(std::move(file)) {}

ControlSocket::ControlSocket(ControlSocket&& other) noexcept
    : fd_(std::move(other.fd_)), path_(std::move(other.path_)), file_(std::move(other.file_)) {}

ControlSocket::~ControlSocket() {
  if (fd_.valid()) {
    file_.remove();
  }
}

void ControlSocket::give_to(const config::Account& account) {
  // Where it cannot be given, root alone commands: nobody gets more than they should have.
  [[maybe_unused]] const int given = ::lchown(path_.c_str(), account.uid, account.gid);
}

config::Result<ControlSocket, ListenError> ControlSocket::open(const std::string& path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (path.size() >= sizeof address.sun_path) {
    return control_error(ENAMETOOLONG, path);
  }
  std::memcpy(address.sun_path, path.data(), path.size());
  switch (ipc::use_of_control_socket(path)) {
    case ipc::SocketUse::none:
      break;
    case ipc::SocketUse::stale:
      if (::unlink(path.c_str()) != 0 && errno != ENOENT) {
        return control_error(errno, path);
      }
      break;
    case ipc::SocketUse::in_use:
    case ipc::SocketUse::unknown:
      return control_error(EADDRINUSE, path);
  }
  ipc::OwnedFd fd(::socket(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  // The file gets the mode of the socket without what the umask forbids (unix(7)), so that at no
  // moment anybody else may connect.
  if (!fd.valid() || ::fchmod(fd.get(), kOwnerOnly) != 0 ||
      ::bind(fd.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
    return control_error(errno, path);
  }
  ControlSocket made(std::move(fd), path, SocketFile::at(path));
  // A umask may have taken the owner's rights away too.
  if (::chmod(path.c_str(), kOwnerOnly) != 0 || ::listen(made.fd(), kControlBacklog) != 0) {
    return control_error(errno, path);
  }
  return made;
}

ipc::ControlSurroundings control_surroundings(const config::Environment& environment) {
  ipc::ControlSurroundings surroundings;
  surroundings.runtime_directory = value_of(environment, "RUNTIME_DIRECTORY");
  surroundings.xdg_runtime_dir = value_of(environment, "XDG_RUNTIME_DIR");
  surroundings.user = ::geteuid();
  return surroundings;
}

config::Result<ControlSocket, ListenError> open_control_socket(
    const config::ControlOptions& options, const ipc::ControlSurroundings& surroundings) {
  if (!options.path.empty()) {
    return ControlSocket::open(options.path);
  }
  ListenError error{config::ExitCode::cannot_bind, ""};
  for (const ipc::ControlPlace& place : ipc::control_places(surroundings, ::getpid())) {
    if (!place.private_folder.empty()) {
      const std::string problem = ipc::make_private_folder(place.private_folder, surroundings.user);
      if (!problem.empty()) {
        error.message = "--control: " + problem;
        continue;
      }
      ipc::remove_stale_controls(place.private_folder);
    }
    auto opened = ControlSocket::open(place.path);
    if (opened.ok()) {
      return opened;
    }
    error = opened.problem();
  }
  return error;
}

}  // namespace prefork::master
