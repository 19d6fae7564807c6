// Makes the processes, in the way that their generation says (--start-method): the one place that
// forks for good, and what a child does before its main function runs. The observer has nothing of
// an application in it and is never a fork server's. Master only, single-threaded.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <memory>
#include <vector>

#include "ipc/control_channel.h"
#include "ipc/inbox.h"
#include "ipc/kept/kept_requests.h"
#include "ipc/leadership.h"
#include "ipc/log/log_rings.h"
#include "ipc/segment.h"
#include "ipc/shared/table.h"
#include "ipc/spans/span_rings.h"
#include "workers/child/child_mains.h"
#include "workers/child/log.h"
#include "workers/child/start_order.h"
#include "workers/master/fork_server.h"
#include "workers/master/fork_servers.h"
#include "workers/master/serving_plan.h"
#include "workers/supervision/supervisor_messages.h"

namespace prefork::master {

class Spawner {
 public:
  // What every child gets. All of it outlives the spawner.
  struct Parts {
    ipc::Segment& segment;
    ipc::Inboxes& inboxes;
    ipc::Leadership& leadership;
    ipc::SharedTable& shared;
    ipc::TaskBoard* tasks;
    child::Log& log;
    ForkServers& fork_servers;
    int control_socket;                         // the observer's; -1: there is none
    ipc::KeptRequests* kept;                    // null: nobody keeps requests
    std::unique_ptr<ipc::LogRings>& log_rings;  // null until somebody has an access log
    ipc::SpanRings* spans;                      // null: nobody sends spans
  };

  struct Spawned {
    // 0: a fork server was asked, and the process will tell its pid (ForkedFrame). -1: none comes.
    pid_t pid = -1;
    int error_number = 0;  // then
    ipc::ControlEnd control;
  };

  Spawner(child::ChildMains mains, Parts parts);

  // Returns in the master only.
  Spawned spawn(const supervision::action::Spawn& spawn, const ServingPlan& plan,
                std::uint64_t forked_ns);

 private:
  // The three ways.
  void fork_one(const supervision::action::Spawn& spawn, const ServingPlan& plan,
                std::uint64_t forked_ns, ipc::ControlPair& pipes, Spawned& spawned);
  void start_program(const supervision::action::Spawn& spawn, const ServingPlan& plan,
                     std::uint64_t forked_ns, ipc::ControlPair& pipes, Spawned& spawned);
  void order_fork(const supervision::action::Spawn& spawn, const ServingPlan& plan,
                  std::uint64_t forked_ns, ipc::ControlPair& pipes, Spawned& spawned);

  [[nodiscard]] bool keeps_requests(const ServingPlan& plan) const {
    return parts_.kept != nullptr && !plan.options.logging.keep_requests.empty();
  }
  void provide_log_rings(const ServingPlan& plan);
  // -1: there are none.
  [[nodiscard]] int log_rings_fd() const {
    return parts_.log_rings != nullptr ? parts_.log_rings->fd() : -1;
  }
  [[nodiscard]] bool has_spans(child::ChildRole role, const ServingPlan& plan) const {
    return parts_.spans != nullptr && role != child::ChildRole::task &&
           plan.options.tracing.mode == config::TraceMode::otlp;
  }
  child::StartOrder start_order(const supervision::action::Spawn& spawn, const ServingPlan& plan,
                                std::uint64_t forked_ns, const ipc::ControlEnd& control) const;
  // The new processes. `application`: as its fork server has loaded it; null: there is none.
  // An exception would make it a second master.
  [[noreturn]] void run(const supervision::action::Spawn& spawn, const ServingPlan& plan,
                        std::uint64_t forked_ns, ipc::ControlEnd& control,
                        const PreloadedApplication* application) noexcept;
  [[noreturn]] void serve_forks(supervision::Generation generation, const ServingPlan& plan,
                                int orders);
  // By the slot: workers, the observer, task processes.
  [[nodiscard]] supervision::Role role_of(std::uint32_t slot) const;
  // Among its like.
  [[nodiscard]] ipc::Place id_of(const supervision::action::Spawn& spawn) const;
  [[nodiscard]] std::vector<int> fds_of(child::ChildRole role, const ServingPlan& plan) const;

  child::ChildMains mains_;
  Parts parts_;
  bool has_told_of_log_rings_ = false;  // that there is no memory for them
  const pid_t master_pid_;              // never what the segment says: every worker can write there
};

}  // namespace prefork::master
