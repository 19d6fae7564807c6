#include "server/exchange/completion_queue.h"

#include <sys/eventfd.h>

#include <cerrno>
#include <system_error>
#include <utility>

#include "ipc/base/check.h"
#include "ipc/base/plain_calls.h"

namespace prefork::exchange {

CompletionQueue::CompletionQueue() : event_(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {
  if (!event_.valid()) {
    throw std::system_error(errno, std::generic_category(), "eventfd");
  }
}

// Signals only what comes into an empty queue: behind that the loop is on its way.
template <typename Add>
void CompletionQueue::put(Add add) {
  bool first = false;
  {
    const std::lock_guard lock(mutex_);
    const bool was_empty = waiting_.empty();
    add();
    first = was_empty && !waiting_.empty();
  }
  if (first) {
    const std::uint64_t one = 1;
    PREFORK_CHECK(ipc::plain_write(event_.get(), &one, sizeof one) == sizeof one);
  }
}

void CompletionQueue::deliver(std::unique_ptr<Job> job) {
  put([&] { waiting_.finished.push_back(std::move(job)); });
}

void CompletionQueue::deliver_start(const Job& job, std::unique_ptr<http::Response> response) {
  put([&] {
    // A response that stays here goes with the caller's frame, without the lock: then the handler's
    // stream is abandoned, which wakes the handler.
    if (!refuses_starts_) {
      waiting_.started.push_back({&job, std::move(response)});
    }
  });
}

void CompletionQueue::wake(ExchangeToken exchange) {
  put([&] { waiting_.woken.push_back(exchange); });
}

void CompletionQueue::deliver_hints(ExchangeToken exchange, std::uint64_t request,
                                    const http::FieldList& fields) {
  put([&] { waiting_.hints.push_back({exchange, request, fields}); });
}

void CompletionQueue::drain(Completions& completions) {
  PREFORK_CHECK(completions.empty());
  std::uint64_t wakeups = 0;
  // Before the rest: what comes after this read wakes the loop again.
  PREFORK_CHECK(ipc::plain_read(event_.get(), &wakeups, sizeof wakeups) == sizeof wakeups);
  const std::lock_guard lock(mutex_);
  std::swap(completions, waiting_);
}

void CompletionQueue::refuse_starts() {
  // Destroyed without the lock: their sources wake the server.
  std::vector<StartedResponse> dropped;
  const std::lock_guard lock(mutex_);
  refuses_starts_ = true;
  dropped.swap(waiting_.started);
}

}  // namespace prefork::exchange
