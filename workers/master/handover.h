// What a master leaves to the program that goes on in its process after an upgrade: all that is not
// in the configuration, which is read anew. Written into memory that nobody can change any more
// (memfd_create(2), F_ADD_SEALS in fcntl(2)), whose descriptor stays open across execve(2) like all
// that it names. Read by a program of another version, so what it says is checked before anything
// is made of it. Master only.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "config/base/result.h"
#include "ipc/base/owned_fd.h"
#include "ipc/commands.h"
#include "ipc/tasks/task_board.h"
#include "workers/child/file_limit.h"
#include "workers/child/log.h"
#include "workers/master/socket_file.h"
#include "workers/supervision/supervisor_memory.h"

namespace prefork::master {

struct Handover {
  // Of each: -1: there is none.
  struct Descriptors {
    int segment = -1;
    int leadership = -1;
    int shared = -1;
    int tasks = -1;
    int kept = -1;
    int log_rings = -1;
    int spans = -1;
    int control_socket = -1;
    int pid_file = -1;
    std::vector<int> inboxes;  // in the order of ipc::Inboxes::append_fds()
  };
  struct Socket {
    int fd = -1;
    std::string bind;
    std::string url;
    SocketFile file;
    bool is_lost = false;
  };
  // Sockets by their number in `sockets`.
  struct Plan {
    supervision::Generation generation = 0;
    std::string options;  // see config::pack_options()
    std::vector<std::uint32_t> sockets;
    std::vector<std::uint32_t> with_preamble;
    std::vector<std::uint32_t> admin;
    std::vector<std::uint32_t> agent;
    int sealed_application = -1;
    std::string build_id;
  };
  struct Child {
    ipc::Place at;
    supervision::Epoch epoch = 0;
    int read_fd = -1;
    int write_fd = -1;
    bool closed = false;
    bool work_told = false;
    std::string last_words;
  };
  // One that waits for its answer.
  struct Command {
    ipc::Place observer;
    std::uint64_t id = 0;
    ipc::CommandKind kind = ipc::CommandKind::stop;
    std::uint32_t argument = 0;
    supervision::Generation generation = 0;
    supervision::Epoch old = 0;
  };

  std::string program;                 // the path that upgrades come from
  std::vector<std::string> arguments;  // of the server, as it was started
  Descriptors descriptors;
  ipc::TaskBoard::Shape tasks;  // where there is a descriptor for it
  std::vector<Socket> sockets;
  std::vector<Plan> plans;
  supervision::Generation last_generation = 0;
  supervision::Memory supervisor;
  // The last process that was started by the program which takes over where this is a way back.
  supervision::Epoch epoch_before = 0;
  std::vector<Child> children;
  std::vector<Command> commands;
  std::vector<supervision::Pid> fork_servers;  // they end by themselves
  std::string control_path;
  SocketFile control_file;
  std::string pid_path;
  child::Log::Place log;
  std::int32_t log_level = -1;  // that an operator has ordered; -1: none has
  child::FileLimit file_limit;
  bool outlives_terminal = false;

  // Every descriptor in it that there is, but for the standard ones.
  [[nodiscard]] std::vector<int> inherited() const;
};

// What both programs have to agree on, as a text that people can compare: the form of the handover,
// of the memory that the workers share, and of the frames of their pipes.
std::string shared_layout();

inline constexpr std::size_t kMaxHandoverBytes = std::size_t{16} << 20;

// Sealed, close-on-exec. A descriptor that is not valid: errno says why not.
ipc::OwnedFd write_handover(const Handover& handover, const std::string& layout = shared_layout());
// The problem is one for people. What is read makes sense, and its descriptors are open.
config::Result<Handover> read_handover(int fd);

}  // namespace prefork::master
