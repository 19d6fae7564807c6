// What the master gives a child along: references to what the fork has copied, or to what a spawned
// child has made of its orders. Lives in the child's outermost frame.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "config/options/options.h"
#include "ipc/control_channel.h"
#include "ipc/inbox.h"
#include "ipc/kept/kept_requests.h"
#include "ipc/leadership.h"
#include "ipc/log/log_rings.h"
#include "ipc/segment.h"
#include "ipc/shared/table.h"
#include "ipc/spans/span_rings.h"
#include "ipc/tasks/task_board.h"
#include "workers/child/log.h"

namespace prefork::native {
class NativeApplication;
}

namespace prefork::child {

// A listening socket that the child has inherited.
struct InheritedListener {
  int fd = -1;
  bool has_preamble = false;      // its connections begin with the PROXY protocol
  bool outlives_service = false;  // it was inherited by the service
  bool is_for_agent = false;      // of the observer: HAProxy's agent check asks here
};

struct ChildContext {
  // Memory that there is where an option wants it; null: none does, or it is not this process's.
  struct OnDemand {
    const ipc::KeptRequests* kept{nullptr};   // where a worker has its requests
    const ipc::LogRings* log_rings{nullptr};  // and lines on their way to the access log
    ipc::SpanRings* spans{nullptr};           // workers leave them, the observer sends them
  };

  const config::Options& options;
  const std::vector<InheritedListener>& listeners;
  ipc::Segment& segment;
  const ipc::Inboxes& inboxes;
  ipc::Leadership& leadership;
  ipc::SharedTable& shared;
  ipc::TaskBoard* tasks;                 // null: there are no task processes
  native::NativeApplication* preloaded;  // by a fork server; null: each worker loads for itself
  std::string preload_problem;           // empty: none, or nobody tried
  int sealed_application = -1;           // the copy that a worker loads; -1: the file itself
  Log& log;
  ipc::ControlEnd& control;
  ipc::Place id;  // among its like: of a task process, in `tasks`
  std::uint32_t epoch = 0;
  std::uint32_t generation = 0;
  std::int32_t master_pid = 0;
  std::uint64_t forked_ns = 0;  // CLOCK_MONOTONIC
  std::string statistics_url;   // empty: off
  int control_socket{-1};       // the observer's, where operators connect; -1: there is none
  OnDemand on_demand{};
};

}  // namespace prefork::child
