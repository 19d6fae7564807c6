// `prefork-server replay`: has a request that --keep-requests has left answered once more, by one
// worker of a server of its own, and says whether it has been, or how the worker has died again.
#pragma once

#include "config/values/exit_code.h"
#include "workers/replay/replay_order.h"

namespace prefork::replay {

// `stopped`: it was answered. `worker_died`: it was not, for the worker has died. Other codes: the
// request was not sent.
config::ExitCode run_replay(const ReplayOrder& order);

}  // namespace prefork::replay
