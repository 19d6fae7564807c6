#include "workers/worker/deferred_requests.h"

#include <utility>

namespace prefork::worker {

void DeferredRequests::hold(exchange::Job& job) {
  const std::uint32_t box = boxes_.keep(job.request);
  if (box == RequestBoxes::kNone) {
    return;
  }
  sink_.store(job.sink, std::memory_order_release);
  job.sink = this;
  const std::lock_guard lock(mutex_);
  held_[job.request.id] = box;
}

std::uint32_t DeferredRequests::take(std::uint64_t request) {
  const std::lock_guard lock(mutex_);
  const auto found = held_.find(request);
  if (found == held_.end()) {
    return RequestBoxes::kNone;
  }
  const std::uint32_t box = found->second;
  held_.erase(found);
  return box;
}

void DeferredRequests::deliver_start(const exchange::Job& job,
                                     std::unique_ptr<http::Response> response) {
  sink().deliver_start(job, std::move(response));
}

void DeferredRequests::deliver(std::unique_ptr<exchange::Job> job) {
  boxes_.release(take(job->request.id));
  sink().deliver(std::move(job));
}

void DeferredRequests::wake(exchange::ExchangeToken exchange) { sink().wake(exchange); }

}  // namespace prefork::worker
