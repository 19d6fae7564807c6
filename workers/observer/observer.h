// The observer process: answers on the admin listener from the statistics segment, which it can
// only read, so that the answers come when every worker is busy, hung or dead, and reading them
// disturbs nobody. An ordinary user of the HTTP engine.
//
//   GET /                  a page for people, which shows the following
//   GET /events            what is new, once a second
//   GET /stats             everything, as JSON
//   GET /metrics           what Prometheus scrapes
//   GET /healthz           200 while the master lives
//   GET /readyz            200 while at least one worker is ready and the server is not stopping,
//                          else 503
//   POST /commands/{name}  what preforkctl orders, for those who may
#pragma once

#include "workers/child/child_context.h"

namespace prefork::observer {

// Runs the observer to its end and returns its exit code, as run_worker does. `urls`: where the
// workers listen.
int run_observer(const child::ChildContext& context, const std::vector<std::string>& urls);

}  // namespace prefork::observer
