#include "workers/worker/request_keeper.h"

#include <exception>
#include <memory>
#include <utility>

namespace prefork::worker {

namespace {

// As long as it lives.
class KeptWhile {
 public:
  KeptWhile(RequestBoxes& boxes, const http::Request& request)
      : boxes_(boxes), box_(boxes.keep(request)) {}
  ~KeptWhile() { boxes_.release(box_); }
  KeptWhile(const KeptWhile&) = delete;
  KeptWhile& operator=(const KeptWhile&) = delete;

 private:
  RequestBoxes& boxes_;
  const std::uint32_t box_;
};

}  // namespace

exchange::RouteMatch RequestKeeper::route(const http::Request& request,
                                          exchange::RouteParameters& parameters) const noexcept {
  exchange::RouteMatch match = application_.route(request, parameters);
  try {
    if (match.handler != nullptr) {
      match.handler = &wrapped(*match.handler);
    }
    if (match.deferred != nullptr) {
      match.deferred = &wrapped(*match.deferred);
    }
  } catch (const std::exception&) {
    // There is no memory for it: the request is served, and not kept.
  }
  return match;
}

const exchange::Handler& RequestKeeper::wrapped(const exchange::Handler& handler) const {
  const auto found = handlers_.find(&handler);
  if (found != handlers_.end() || handlers_.size() >= kMaxHandlers) {
    return found != handlers_.end() ? found->second : handler;
  }
  return handlers_
      .emplace(&handler,
               [this, &handler](const http::Request& request, http::Response& response) {
                 const KeptWhile kept(boxes_, request);
                 handler(request, response);
               })
      .first->second;
}

const exchange::DeferredHandler& RequestKeeper::wrapped(
    const exchange::DeferredHandler& handler) const {
  const auto found = deferred_handlers_.find(&handler);
  if (found != deferred_handlers_.end() || deferred_handlers_.size() >= kMaxHandlers) {
    return found != deferred_handlers_.end() ? found->second : handler;
  }
  return deferred_handlers_
      .emplace(&handler,
               [this, &handler](std::unique_ptr<exchange::Job> job) {
                 deferred_.hold(*job);
                 handler(std::move(job));
               })
      .first->second;
}

}  // namespace prefork::worker
