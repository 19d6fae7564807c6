// Makes the processes: the one place that forks for good, and what a child does before its main
// function runs. Master only, single-threaded.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "ipc/control_channel.h"
#include "ipc/inbox.h"
#include "ipc/leadership.h"
#include "ipc/segment.h"
#include "ipc/shared/table.h"
#include "workers/child/child_context.h"
#include "workers/child/log.h"
#include "workers/master/fork_server.h"
#include "workers/master/fork_servers.h"
#include "workers/master/serving_plan.h"
#include "workers/supervision/supervisor_messages.h"

namespace prefork::master {

// What the children run; each returns the exit code of its process. Handed in by main(), so that
// the master knows neither the worker nor the observer.
struct ChildMains {
  std::function<int(const child::ChildContext& context)> worker;
  // `urls`: where the workers listen.
  std::function<int(const child::ChildContext& context, const std::vector<std::string>& urls)>
      observer;
};

class Spawner {
 public:
  // What every child gets. All of it outlives the spawner.
  struct Parts {
    ipc::Segment& segment;
    ipc::Inboxes& inboxes;
    ipc::Leadership& leadership;
    ipc::SharedTable& shared;
    child::Log& log;
    ForkServers& fork_servers;
  };

  struct Spawned {
    // 0: a fork server was asked, and the process will tell its pid (ForkedFrame). -1: none comes.
    pid_t pid = -1;
    int error_number = 0;  // then
    ipc::ControlEnd control;
  };

  Spawner(ChildMains mains, Parts parts);

  // Returns in the master only.
  Spawned spawn(const supervision::action::Spawn& spawn, const ServingPlan& plan,
                std::uint64_t forked_ns);

 private:
  void fork_one(const supervision::action::Spawn& spawn, const ServingPlan& plan,
                std::uint64_t forked_ns, ipc::ControlPair& pipes, Spawned& spawned);
  // The new processes. `application`: as its fork server has loaded it; null: there is none.
  // An exception would make it a second master.
  [[noreturn]] void run(const supervision::action::Spawn& spawn, const ServingPlan& plan,
                        std::uint64_t forked_ns, ipc::ControlEnd& control,
                        const PreloadedApplication* application) noexcept;
  [[noreturn]] void serve_forks(supervision::Generation generation, const ServingPlan& plan,
                                int orders);
  void append_shared_fds(std::vector<int>& fds) const;

  ChildMains mains_;
  Parts parts_;
  const pid_t master_pid_;  // never what the segment says: every worker can write there
};

}  // namespace prefork::master
