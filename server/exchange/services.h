// What every exchange of a server needs, as one plain value: who answers, where handlers run, the
// settings and the memory that all of them share in turn. Made by the server, which outlives its
// exchanges. One thread: the event loop.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>

#include "config/options/options.h"
#include "ipc/base/clock.h"
#include "ipc/route_bans.h"
#include "server/exchange/access_log.h"
#include "server/exchange/accounting.h"
#include "server/exchange/application.h"
#include "server/exchange/job.h"
#include "server/exchange/tracer.h"
#include "server/http/response.h"

namespace prefork::exchange {

struct Services {
  const config::TimeoutOptions& timeouts;
  const config::LimitOptions& limits;
  const config::ProxyOptions& proxies;
  const Application& application;
  Executor* executor;  // null: every handler runs on the loop
  Accounting& accounting;
  AccessLog& access_log;
  CompletionSink& completions;
  const ipc::Clock& clock;
  const std::uint64_t& now_ns;  // of the present turn, by that clock
  // How long what was read last had lain in the kernel, in milliseconds; nothing: it is not known.
  const std::optional<std::uint32_t>& receive_delay_ms;
  http::Response& response;                  // of whoever is answered on the loop
  std::unique_ptr<Job> spare_job = nullptr;  // for the next deferred handler; may be null
  bool submitted = false;                    // to the executor, in this turn
  bool is_over = false;                      // the server ends at once: what is in progress is cut
  bool is_stopping = false;  // the service ends: so do connections, with their next answer
  ipc::RouteBans* route_bans = nullptr;  // null: there are none
  std::uint32_t generation = 0;          // of the application's routes
  Tracer* tracer = nullptr;              // null: requests are part of no trace
  bool tells_timing = false;             // Server-Timing
};

}  // namespace prefork::exchange
