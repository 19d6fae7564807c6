// What a child is told that is not forked but started (--start-method spawn): all that a forked one
// finds in its memory, and which of the descriptors that it inherits is what. The master writes it
// into memory that nobody can change any more (memfd_create(2), F_ADD_SEALS in fcntl(2)), the child
// reads it once. Both run the same file, so a field has no name and no length of its own; version
// and size are checked all the same.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "config/base/result.h"
#include "config/options/options.h"
#include "ipc/base/owned_fd.h"
#include "ipc/base/process_id.h"
#include "ipc/tasks/task_board.h"
#include "workers/child/child_context.h"
#include "workers/child/child_mains.h"
#include "workers/child/file_limit.h"
#include "workers/child/log.h"

namespace prefork::child {

struct StartOrder {
  // -1: there is none.
  struct Descriptors {
    int control_read = -1;
    int control_write = -1;
    int segment = -1;
    int leadership = -1;
    int shared = -1;
    int tasks = -1;
    int sealed_application = -1;
    std::vector<int> inboxes;  // in the order of ipc::Inboxes::append_fds()
    int control_socket{-1};
    int kept{-1};
    int log_rings{-1};
    int spans{-1};
  };

  ChildRole role = ChildRole::worker;
  std::string title;
  ipc::Place place;  // among its like
  std::uint32_t epoch = 0;
  std::uint32_t generation = 0;
  std::int32_t master_pid = 0;
  std::uint64_t ordered_ns = 0;  // CLOCK_MONOTONIC
  std::uint32_t slot_capacity = 0;
  ipc::TaskBoard::Shape tasks;  // where there is a descriptor for it
  Descriptors descriptors;
  std::vector<InheritedListener> listeners;
  Log::Place log;
  FileLimit file_limit;
  std::string statistics_url;
  std::vector<std::string> urls;  // where the workers listen
  std::string options;            // see config::pack_options()

  // Every descriptor in it that there is.
  [[nodiscard]] std::vector<int> inherited() const;
};

// How an order begins, so that what is wrong with the rest can be told to the master.
struct StartOrderHead {
  static constexpr std::uint64_t kMagic = 0x545241545346'5021;  // "!PFSTART"
  static constexpr std::uint32_t kVersion = 4;

  std::uint64_t magic = kMagic;
  std::uint32_t version = kVersion;
  std::uint32_t size = 0;  // of all of it
  std::uint32_t epoch = 0;
  std::int32_t control_read = -1;
  std::int32_t control_write = -1;
  std::uint32_t unused = 0;
};

inline constexpr std::size_t kMaxStartOrderBytes = std::size_t{4} << 20;

// Sealed, close-on-exec. A descriptor that is not valid: errno says why not.
ipc::OwnedFd write_start_order(const StartOrder& order);

// Nothing: `fd` is no such memory.
std::optional<StartOrderHead> find_start_order(int fd);
// The problem is one for people.
config::Result<StartOrder> read_start_order(int fd, const StartOrderHead& head);

}  // namespace prefork::child
