// Where the control socket of a server is when nobody has said, and which servers of this user run:
// what the server and preforkctl have to agree on. Any process; no state.
#pragma once

#include <sys/types.h>

#include <string>
#include <vector>

namespace prefork::ipc {

// What the places depend on.
struct ControlSurroundings {
  std::string runtime_directory;  // $RUNTIME_DIRECTORY, of systemd; empty: not set
  std::string xdg_runtime_dir;    // likewise
  uid_t user = 0;
  std::string run = "/run";  // where systemd makes the former
  std::string tmp = "/tmp";
};

struct ControlPlace {
  std::string path;            // of the socket
  std::string private_folder;  // that it lies in, of this user alone; empty: somebody has made it
};

// From the one that is preferred on; never empty.
std::vector<ControlPlace> control_places(const ControlSurroundings& surroundings, pid_t server);

// Makes the folder where there is none. Empty, or what is wrong with it: whoever else could write
// there could put a socket of his own in the place of ours.
std::string make_private_folder(const std::string& folder, uid_t user);

enum class SocketUse {
  none,     // there is no socket
  stale,    // nobody listens any more
  in_use,   // somebody does
  unknown,  // it may not be asked
};
SocketUse use_of_control_socket(const std::string& path);

// Those in the default places that somebody listens on, in order.
std::vector<std::string> running_controls(const ControlSurroundings& surroundings);

// Removes what servers have left in this folder that were killed.
void remove_stale_controls(const std::string& folder);

}  // namespace prefork::ipc
