#include "server/exchange/exchange_log.h"

#include <utility>

#include "server/exchange/elapsed.h"

namespace prefork::exchange {

void ExchangeLog::keep(const http::Request& request) {
  if (!kept_) {
    kept_ = std::make_unique<http::OwnedRequest>();
  }
  if (kept_->request.id != request.id) {
    kept_->copy_head(request);
  }
}

void ExchangeLog::show(ipc::RequestPhase phase, const http::Request& request) {
  entry_ = services_.accounting.in_flight().show(entry_, phase, named(request), started_ns_);
}

void ExchangeLog::show_parked(const http::Request& request, std::uint64_t since_ns) {
  entry_ =
      services_.accounting.in_flight().show(entry_, ipc::RequestPhase::reading, request, since_ns);
}

// Most exchanges are never shown: whoever asks whether they are is not to pay for more.
[[gnu::cold]] void ExchangeLog::hide() { services_.accounting.in_flight().hide(release_entry()); }

void ExchangeLog::note_times(const Job& job, bool is_done) {
  record_.queue_us = elapsed_us(job.queued_ns, job.started_ns);
  record_.handler_us = is_done ? elapsed_us(job.started_ns, job.finished_ns) : 0;
  handler_started_ns_ = is_done ? 0 : job.started_ns;
}

void ExchangeLog::write_line(const http::Request* request, const ipc::PeerAddress& client,
                             std::uint64_t content_bytes) {
  const std::uint64_t now_ns = services_.clock.now_ns();
  record_.request = request;
  record_.client = &client;
  record_.bytes_sent = content_bytes;
  record_.duration_us = elapsed_us(started_ns_, now_ns);
  if (handler_started_ns_ != 0) {
    record_.handler_us = elapsed_us(handler_started_ns_, now_ns);
  }
  services_.access_log.write(record_, now_ns);
}

}  // namespace prefork::exchange
