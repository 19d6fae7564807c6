#include "server/exchange/exchange_log.h"

#include <string_view>
#include <utility>

#include "server/exchange/elapsed.h"

namespace prefork::exchange {

namespace {

constexpr std::size_t kMaxKeptContent = 1024;

// "1.042"
std::string in_milliseconds(std::uint64_t us) {
  constexpr std::uint64_t kUsPerMs = 1000;
  return std::to_string(us / kUsPerMs) + "." + std::to_string(kUsPerMs + us % kUsPerMs).substr(1);
}

}  // namespace

void ExchangeLog::begin_trace(http::Request& request, const RouteMatch& route) {
  services_.tracer->begin(trace_, request.fields,
                          route.profile != nullptr ? route.profile->pattern() : std::string_view());
  request.trace = trace_.get();
  answered_ns_ = 0;
}

void ExchangeLog::keep(const http::Request& request) {
  if (!kept_ || kept_->request.id != request.id) {
    auto copy = std::make_shared<http::OwnedRequest>();
    copy->copy_head(request);
    kept_ = std::move(copy);
  }
}

// It stays until there is another one to keep, long after the exchange: not with much content.
void ExchangeLog::keep(const std::shared_ptr<const http::OwnedRequest>& copy) {
  if (copy->request.body.size() <= kMaxKeptContent) {
    kept_ = copy;
  } else {
    keep(copy->request);
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

std::string ExchangeLog::timing() const {
  std::string text;
  const bool has_handler_time = record_.handler_us != 0 || handler_started_ns_ != 0;
  if (has_handler_time || record_.queue_us != 0) {
    std::uint64_t handler_us = record_.handler_us;
    if (handler_started_ns_ != 0) {
      handler_us = elapsed_us(handler_started_ns_, services_.now_ns);
    }
    text = "queue;dur=" + in_milliseconds(record_.queue_us) +
           ", app;dur=" + in_milliseconds(handler_us);
  }
  if (const std::uint32_t waited_ms = record_.receive_delay_ms.value_or(0); waited_ms != 0) {
    text.append(text.empty() ? "" : ", ").append("recv;dur=").append(std::to_string(waited_ms));
  }
  return text;
}

void ExchangeLog::tell(const http::Request* request, const ipc::PeerAddress& client,
                       std::uint64_t content_bytes) {
  const std::uint64_t now_ns = services_.clock.now_ns();
  record_.request = request;
  record_.client = &client;
  record_.bytes_sent = content_bytes;
  record_.duration_us = elapsed_us(started_ns_, now_ns);
  if (handler_started_ns_ != 0) {
    record_.handler_us = elapsed_us(handler_started_ns_, now_ns);
  }
  if (services_.access_log.is_on()) {
    services_.access_log.write(record_, now_ns);
  }
  if (services_.tracer != nullptr && services_.tracer->leaves_spans() && request != nullptr &&
      request->trace != nullptr) {
    services_.tracer->end(record_, {started_ns_, answered_ns_, now_ns});
  }
}

}  // namespace prefork::exchange
