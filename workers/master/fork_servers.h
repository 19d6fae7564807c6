// With --start-method forkserver the workers of a generation are forked by a process that does
// nothing else: the generation's fork server. With --preload it has loaded the application before.
// So the workers share by copy-on-write what loading took, and no line of the application ever runs
// in the master, which asks for a process and goes on.
//
//   master --order--> fork server --fork--> (a process that ends at once) --fork--> worker
//
// The worker loses its parent with that and becomes the master's child (PR_SET_CHILD_SUBREAPER,
// prctl(2)), which it tells its pid. A fork server is started with the first process that a
// generation needs and again if it was lost; it leaves when nobody needs the generation any more.
// Master only.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "ipc/base/owned_fd.h"
#include "ipc/control_channel.h"
#include "workers/master/handover.h"
#include "workers/supervision/supervisor.h"

namespace prefork::master {

class ForkServers {
 public:
  using Generation = supervision::Generation;
  using TimePoint = supervision::TimePoint;

  // What is left of one that has ended.
  struct Lost {
    Generation generation = 0;
    bool was_dismissed = false;  // asked or made to leave: it is not to blame
    supervision::Exit exit;
  };

  // `run` is the fork server's whole life, in the new process: it gets the socket that the orders
  // come on, and does not return.
  using Run = std::function<void(int orders)>;

  // Asks the generation's fork server, which is started if there is none, for a worker that gets
  // this end of its control pipes. 0, or the errno of what failed. Never waits.
  int order(const supervision::action::Spawn& spawn, const ipc::ControlEnd& control,
            std::uint64_t ordered_ns, const Run& run);
  void reopen_logs();

  // Nobody needs these generations any more: they are asked to leave, and made to after kGrace.
  void keep_only(const std::vector<Generation>& needed, TimePoint now);
  // It has not done what was asked of it.
  void kill(Generation generation);
  // When enforce() has something to do; none: it has not.
  [[nodiscard]] std::optional<TimePoint> deadline() const;
  void enforce(TimePoint now);

  // For the next program of this process, which cannot give them orders: those of this one leave
  // with it, or are made to after kGrace.
  void hand_over(Handover& handover) const;
  void restore(const Handover& handover, TimePoint now);

  // Nothing: the process was none of them.
  std::optional<Lost> on_reaped(pid_t pid, const supervision::Exit& exit);
  [[nodiscard]] bool empty() const { return servers_.empty(); }

  // What the application's own destructors get.
  static constexpr std::chrono::seconds kGrace{1};

 private:
  struct Server {
    Generation generation = 0;
    ipc::OwnedFd orders;  // not valid: dismissed
    std::optional<TimePoint> deadline;
  };

  int start(Generation generation, const Run& run);
  Server* find(Generation generation);

  std::map<pid_t, Server> servers_;
};

}  // namespace prefork::master
