// What the processes share, made by the master before the first fork: the statistics, the inboxes
// of the workers, and what applications find beside: the leadership, the things that workers share,
// the jobs of task processes, where workers keep requests, and the spans they leave. The master
// looks into none of the latter but the requests of a worker which has ended. What workers have for
// the access log is made with the first that has one, which may come with a reload. It outlives an
// upgrade.
#pragma once

#include <memory>

#include "config/options/options.h"
#include "ipc/inbox.h"
#include "ipc/kept/kept_requests.h"
#include "ipc/leadership.h"
#include "ipc/log/log_rings.h"
#include "ipc/segment.h"
#include "ipc/shared/table.h"
#include "ipc/spans/span_rings.h"
#include "ipc/tasks/task_board.h"
#include "workers/master/handover.h"

namespace prefork::master {

struct Commons {
  // Throws std::system_error.
  explicit Commons(const config::Options& options);
  // Those of the program before, whose descriptors stay open beside. Throws std::exception.
  explicit Commons(const Handover& handover);

  void hand_over(Handover& handover) const;

  ipc::Segment segment;
  ipc::Inboxes inboxes;
  ipc::Leadership leadership;
  ipc::SharedTable shared;
  std::unique_ptr<ipc::TaskBoard> tasks;     // null: there are no task processes
  std::unique_ptr<ipc::KeptRequests> kept;   // null: nobody keeps requests
  std::unique_ptr<ipc::LogRings> log_rings;  // null: nobody has had an access log
  std::unique_ptr<ipc::SpanRings> spans;     // null: nobody sends spans
};

}  // namespace prefork::master
