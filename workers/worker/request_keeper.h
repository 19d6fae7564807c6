// --keep-requests: an application whose every handler leaves the request it is called with in
// shared memory while it works on it, so that somebody else has it when the worker dies. Wraps one
// that knows nothing of it; without the option nobody is wrapped.
//
// route() is the event loop's; handlers run where they run.
#pragma once

#include <map>

#include "ipc/kept/kept_requests.h"
#include "server/exchange/application.h"
#include "workers/worker/deferred_requests.h"
#include "workers/worker/request_boxes.h"

namespace prefork::worker {

class RequestKeeper : public exchange::Application {
 public:
  // Both outlive it. `self`: the worker's place.
  RequestKeeper(const exchange::Application& application, const ipc::KeptRequests& kept,
                ipc::Place self)
      : application_(application), boxes_(kept, self), deferred_(boxes_) {}

  [[nodiscard]] exchange::RouteMatch route(
      const http::Request& request, exchange::RouteParameters& parameters) const noexcept override;
  [[nodiscard]] std::vector<std::string> route_patterns() const override {
    return application_.route_patterns();
  }
  [[nodiscard]] const http::ErrorPages& error_pages() const noexcept override {
    return application_.error_pages();
  }

 private:
  // Applications have as many handlers as routes. Of more than these, the others are not wrapped.
  static constexpr std::size_t kMaxHandlers = 4096;

  [[nodiscard]] const exchange::Handler& wrapped(const exchange::Handler& handler) const;
  [[nodiscard]] const exchange::DeferredHandler& wrapped(
      const exchange::DeferredHandler& handler) const;

  const exchange::Application& application_;
  mutable RequestBoxes boxes_;
  mutable DeferredRequests deferred_;
  // Those that were asked for so far, by what they wrap.
  mutable std::map<const exchange::Handler*, exchange::Handler> handlers_;
  mutable std::map<const exchange::DeferredHandler*, exchange::DeferredHandler> deferred_handlers_;
};

}  // namespace prefork::worker
