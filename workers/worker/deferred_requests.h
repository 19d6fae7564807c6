// The requests of a worker that are answered later and kept meanwhile: stands between the
// application and the server, and sees each answer come by. Any thread.
#pragma once

#include <atomic>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>

#include "server/exchange/job.h"
#include "workers/worker/request_boxes.h"

namespace prefork::worker {

class DeferredRequests : public exchange::CompletionSink {
 public:
  // The boxes outlive it.
  explicit DeferredRequests(RequestBoxes& boxes) : boxes_(boxes) {}

  // Before the application gets the job: its request is kept until it is delivered.
  void hold(exchange::Job& job);

  void deliver_start(const exchange::Job& job, std::unique_ptr<http::Response> response) override;
  void deliver(std::unique_ptr<exchange::Job> job) override;
  void wake(exchange::ExchangeToken exchange) override;
  void deliver_hints(exchange::ExchangeToken exchange, std::uint64_t request,
                     const http::FieldList& fields) override {
    sink().deliver_hints(exchange, request, fields);
  }

 private:
  [[nodiscard]] exchange::CompletionSink& sink() const {
    return *sink_.load(std::memory_order_acquire);
  }
  std::uint32_t take(std::uint64_t request);

  RequestBoxes& boxes_;
  std::atomic<exchange::CompletionSink*> sink_{nullptr};  // the server's, the same for all
  std::mutex mutex_;
  std::map<std::uint64_t, std::uint32_t> held_;  // guarded by mutex_: the boxes, by request
};

}  // namespace prefork::worker
