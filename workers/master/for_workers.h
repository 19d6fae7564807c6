// What applications find in their processes beside the statistics: the leadership, the things that
// workers share, and the jobs of task processes. Made by the master before the first fork, which
// looks into none of them.
#pragma once

#include <memory>

#include "config/options/options.h"
#include "ipc/leadership.h"
#include "ipc/shared/table.h"
#include "ipc/tasks/task_board.h"

namespace prefork::master {

struct ForWorkers {
  // Throws std::system_error.
  explicit ForWorkers(const config::TaskOptions& options)
      : tasks(options.workers != 0 ? std::make_unique<ipc::TaskBoard>(ipc::TaskBoard::Shape{
                                         options.workers, options.queue, options.bytes})
                                   : nullptr) {}

  ipc::Leadership leadership;
  ipc::SharedTable shared;
  std::unique_ptr<ipc::TaskBoard> tasks;  // null: there are no task processes
};

}  // namespace prefork::master
