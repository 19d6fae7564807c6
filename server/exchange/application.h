// The line between the HTTP engine and what answers requests. An application looks at a request's
// head on the event loop and says which handler answers it and where that handler runs: on the
// event loop, if it never blocks, or on a thread of the pool, if it may.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "server/exchange/job_profile.h"
#include "server/http/error_pages.h"
#include "server/http/method_set.h"
#include "server/http/request.h"
#include "server/http/response.h"

namespace prefork::exchange {

// Fills in the response. Called concurrently by several threads when it runs on the pool. An
// exception becomes a 500 and a line in the log.
using Handler = std::function<void(const http::Request&, http::Response&)>;

class Job;

// Is called on the loop and must not block; completes the answer later, from any thread: finishes
// the job and delivers it to its sink, exactly once.
using DeferredHandler = std::function<void(std::unique_ptr<Job> job)>;

enum class RunOn : std::uint8_t {
  loop,  // must not block: every other connection of the worker waits meanwhile
  pool,
};

inline constexpr std::size_t kMaxRouteParameters = 8;

// What a route took from the path. Names are views into the application, which outlives them;
// values are views into Request::path. The fields behind `count` hold what earlier requests left.
struct RouteParameters {
  std::array<http::Field, kMaxRouteParameters> fields;
  std::size_t count = 0;

  [[nodiscard]] std::span<const http::Field> view() const { return {fields.data(), count}; }

  // The path's bytes are somewhere else now.
  void follow(std::string_view old_path, std::string_view new_path) {
    for (std::size_t i = 0; i < count; ++i) {
      std::string_view& value = fields[i].value;
      value =
          new_path.substr(static_cast<std::size_t>(value.data() - old_path.data()), value.size());
    }
  }
};

// What an application decided about a request. The handler outlives the request.
struct RouteMatch {
  const Handler* handler = nullptr;           // null and none deferred: answer `status`
  const DeferredHandler* deferred = nullptr;  // instead of `handler`
  RunOn run_on = RunOn::loop;
  int status = 404;  // 404; 405 with `allow`; 204 with `allow` (OPTIONS)
  http::MethodSet allow;
  // The handler is called with the head and reads the content while it arrives (Request::content).
  // Only on the pool, where it may wait for it.
  bool streams_body = false;
  // Content beyond this is refused with 413; nothing: the server's own limit.
  std::optional<std::uint64_t> body_limit;
  JobProfile* profile = nullptr;  // of a route; null: the default class of the pool
  // Of the application's routes, from 1 in the order in which they were added, so that it is the
  // same in every worker of a generation; 0: none.
  std::uint16_t number = 0;
  std::uint32_t retry_after_s = 0;  // with `status` 503
  bool is_file = false;             // of a folder

  [[nodiscard]] bool has_handler() const { return handler != nullptr || deferred != nullptr; }
};

class Application {
 public:
  Application() = default;
  virtual ~Application() = default;
  Application(const Application&) = delete;
  Application& operator=(const Application&) = delete;

  // On the event loop. The body may not have arrived yet. Never throws. `parameters` comes without
  // any and becomes Request::parameters.
  [[nodiscard]] virtual RouteMatch route(const http::Request& request,
                                         RouteParameters& parameters) const noexcept = 0;
  // The patterns of its routes, in the order of their numbers, for statistics.
  [[nodiscard]] virtual std::vector<std::string> route_patterns() const { return {}; }
  // Of the errors that are answered for it. Without pages of its own: the server's.
  [[nodiscard]] virtual const http::ErrorPages& error_pages() const noexcept;
};

}  // namespace prefork::exchange
