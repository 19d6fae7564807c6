#include "server/exchange/accounting.h"

#include <array>
#include <cstddef>
#include <string>

namespace prefork::exchange {

namespace {

// Clocks of threads, and one that a test sets, need not agree to the microsecond.
std::uint64_t elapsed_us(std::uint64_t from_ns, std::uint64_t until_ns) {
  return until_ns > from_ns ? (until_ns - from_ns) / 1000 : 0;
}

}  // namespace

void Accounting::count_response(int status) {
  static constexpr std::array kByClass = {ipc::Counter::responses_1xx, ipc::Counter::responses_2xx,
                                          ipc::Counter::responses_3xx, ipc::Counter::responses_4xx,
                                          ipc::Counter::responses_5xx};
  record_.counters.add(kByClass[static_cast<std::size_t>(status / 100 - 1)]);
}

void Accounting::add_in_progress() {
  record_.gauges.set(ipc::Gauge::requests_in_progress, ++in_progress_);
}

bool Accounting::finish_job(const Job& job, std::uint64_t now_ns) {
  record_.gauges.set(ipc::Gauge::requests_in_progress, --in_progress_);
  record_.queue_wait.record(elapsed_us(job.queued_ns, job.started_ns));
  if (job.was_skipped()) {
    record_.counters.add(ipc::Counter::requests_abandoned);
    return false;
  }
  record_.run_time.record(elapsed_us(job.started_ns, job.finished_ns));
  record_.latency.record(elapsed_us(job.queued_ns, now_ns));
  if (job.failed && job.has_started()) {
    report_broken_response(job.request, job.failure);
  } else if (job.failed) {
    report_handler_error(job.request, job.failure);
  }
  return true;
}

void Accounting::record_loop_answers(std::uint64_t from_ns, std::uint64_t until_ns) {
  record_.latency.record(elapsed_us(from_ns, until_ns), loop_answers_);
  // Also a sign of life, within a turn of many events.
  record_.beat_ns.store(until_ns, std::memory_order_relaxed);
  loop_answers_ = 0;
}

void Accounting::report_handler_error(const http::Request& request, std::string_view what) {
  report(request, " answered with 500: ", what);
}

void Accounting::report_broken_response(const http::Request& request, std::string_view what) {
  report(request, " cut off in its answer: ", what);
}

void Accounting::report(const http::Request& request, std::string_view happened,
                        std::string_view what) {
  record_.counters.add(ipc::Counter::handler_errors);
  std::string line = "request " + std::to_string(request.id) + " ";
  line.append(request.method_text).append(" ").append(request.path);
  report_error_(line.append(happened).append(what));
}

}  // namespace prefork::exchange
