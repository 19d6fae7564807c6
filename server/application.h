// The line between the HTTP engine and what answers requests. An application looks at a request's
// head on the event loop and says which handler answers it and where that handler runs: on the
// event loop, if it never blocks, or on a thread of the pool, if it may.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string_view>

#include "server/request.h"
#include "server/response.h"

namespace prefork {

// Fills in the response. Called concurrently by several threads when it runs on the pool. An
// exception becomes a 500 and a line in the log.
using Handler = std::function<void(const Request&, Response&)>;

class Job;

// Is called on the loop and must not block; completes the answer later, from any thread: finishes
// the job and delivers it to its home, exactly once.
using DeferredHandler = std::function<void(std::unique_ptr<Job> job)>;

enum class RunOn : std::uint8_t {
  loop,  // must not block: every other connection of the worker waits meanwhile
  pool,
};

// What an application decided about a request. The views and the handler outlive the request.
struct Routed {
  const Handler* handler = nullptr;           // null and none deferred: answer `status`
  const DeferredHandler* deferred = nullptr;  // instead of `handler`
  RunOn run_on = RunOn::loop;
  int status = 404;  // 404; 405 with `allow`; 204 with `allow` (OPTIONS)
  std::string_view allow;
  // The handler is called with the head and reads the content while it arrives (Request::content).
  // Only on the pool, where it may wait for it.
  bool streams_body = false;
  // Content beyond this is refused with 413; nothing: the server's own limit.
  std::optional<std::uint64_t> body_limit;

  [[nodiscard]] bool has_handler() const { return handler != nullptr || deferred != nullptr; }
};

class Application {
 public:
  Application() = default;
  virtual ~Application() = default;
  Application(const Application&) = delete;
  Application& operator=(const Application&) = delete;

  // On the event loop. The body may not have arrived yet. Never throws.
  [[nodiscard]] virtual Routed route(const Request& request) const noexcept = 0;
};

}  // namespace prefork
