// What other threads have completed for an event loop: responses that begin, exchanges to wake,
// jobs that are done. The loop watches a descriptor that is readable while there is any of it, and
// drains everything at once: one wake-up serves all that comes before the loop gets to it.
//
// What CompletionSink declares may be called by any thread, the rest by the loop's.
#pragma once

#include <cstdint>
#include <memory>
#include <mutex>
#include <vector>

#include "ipc/base/owned_fd.h"
#include "server/exchange/job.h"
#include "server/http/field_list.h"
#include "server/http/response.h"

namespace prefork::exchange {

struct StartedResponse {
  const Job* job = nullptr;  // is delivered later, so it is still there
  std::unique_ptr<http::Response> response;
};

struct DeliveredHints {
  ExchangeToken exchange;
  std::uint64_t request = 0;
  http::FieldList fields;
};

// In the order in which it is to be seen to.
struct Completions {
  std::vector<DeliveredHints> hints;
  std::vector<StartedResponse> started;
  std::vector<ExchangeToken> woken;
  std::vector<std::unique_ptr<Job>> finished;

  [[nodiscard]] bool empty() const {
    return hints.empty() && started.empty() && woken.empty() && finished.empty();
  }
  void clear() {
    hints.clear();
    started.clear();
    woken.clear();
    finished.clear();
  }
};

class CompletionQueue : public CompletionSink {
 public:
  // Throws std::system_error.
  CompletionQueue();

  void deliver(std::unique_ptr<Job> job) override;
  void deliver_start(const Job& job, std::unique_ptr<http::Response> response) override;
  void wake(ExchangeToken exchange) override;
  void deliver_hints(ExchangeToken exchange, std::uint64_t request,
                     const http::FieldList& fields) override;

  [[nodiscard]] int fd() const { return event_.get(); }
  // After `fd` became readable. Gives what there is in exchange for `completions`, which must be
  // empty and whose memory is used again.
  void drain(Completions& completions);
  // Nobody waits for answers any more: those that have begun are dropped, and so are all to come.
  void refuse_starts();

 private:
  template <typename Add>
  void put(Add add);

  ipc::OwnedFd event_;  // eventfd(2)
  std::mutex mutex_;
  Completions waiting_;          // guarded by mutex_
  bool refuses_starts_ = false;  // guarded by mutex_
};

}  // namespace prefork::exchange
