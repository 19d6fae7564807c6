#include "server/exchange/accounting.h"

#include <array>
#include <cstddef>
#include <string>
#include <utility>

#include "ipc/log/log_text.h"
#include "server/exchange/elapsed.h"
#include "server/http/request_id.h"
#include "server/http/request_trace.h"

namespace prefork::exchange {

namespace {

// Pipelined requests for so many different routes in turn are answered without an allocation.
constexpr std::size_t kExpectedRuns = 64;

// How others call it: " (request id a1b2, trace 0af7651916cd43dd8448eb211c80319c)".
std::string marks_of(const http::Request& request) {
  std::string marks;
  const auto add = [&marks](std::string_view what, std::string_view mark) {
    if (!mark.empty()) {
      marks.append(marks.empty() ? " (" : ", ").append(what).append(mark);
    }
  };
  add("request id ", http::request_id_text(request));
  if (request.trace != nullptr) {
    add("trace ", request.trace->own().trace_id());
  }
  return marks.empty() ? marks : marks + ")";
}

}  // namespace

Accounting::Accounting(ipc::WorkerRecord& record, RequestStatistics::Labels labels,
                       std::function<void(std::string_view line)> report_error)
    : record_(record),
      report_error_(std::move(report_error)),
      in_flight_(record),
      statistics_(record.routes, std::move(labels)) {
  earlier_runs_.reserve(kExpectedRuns);
}

void Accounting::count_response(int status) {
  static constexpr std::array kByClass = {ipc::Counter::responses_1xx, ipc::Counter::responses_2xx,
                                          ipc::Counter::responses_3xx, ipc::Counter::responses_4xx,
                                          ipc::Counter::responses_5xx};
  record_.counters.add(kByClass[static_cast<std::size_t>(status / 100 - 1)]);
}

void Accounting::count_as(ClientBox& client, CountedAs counted) {
  if (client.counted == counted) {
    return;
  }
  in_progress_ -= client.counted == CountedAs::request ? 1 : 0;
  streams_ -= client.counted == CountedAs::stream ? 1 : 0;
  client.counted = counted;
  in_progress_ += counted == CountedAs::request ? 1 : 0;
  streams_ += counted == CountedAs::stream ? 1 : 0;
  record_.gauges.set(ipc::Gauge::requests_in_progress, in_progress_ + streams_);
  record_.gauges.set(ipc::Gauge::streams, streams_);
}

void Accounting::record_start(const Job& job, std::uint64_t now_ns) {
  const std::uint64_t duration_us = elapsed_us(job.queued_ns, now_ns);
  record_.latency.record(duration_us);
  statistics_.record_duration(job.request.label, duration_us);
}

void Accounting::finish_job(const Job& job, std::uint64_t now_ns) {
  if (job.client()) {
    count_as(*job.client(), CountedAs::nothing);
  }
  const std::uint64_t waited_us = elapsed_us(job.queued_ns, job.started_ns);
  record_.queue_wait.record(waited_us);
  record_.routes.queue_times.record(waited_us);
  if (job.was_skipped()) {
    record_.counters.add(ipc::Counter::requests_abandoned);
    return;
  }
  if (job.was_shed()) {
    record_.counters.add(ipc::Counter::requests_shed);
    return;
  }
  // How long a stream lives is its client's affair, and says nothing about the service.
  if (!job.has_started()) {
    const std::uint64_t ran_us = elapsed_us(job.started_ns, job.finished_ns);
    record_.run_time.record(ran_us);
    record_.routes.handler_times.record(ran_us);
    record_start(job, now_ns);
  }
  if (!job.has_failed() || job.has_lost_client()) {
    return;
  }
  if (job.has_started()) {
    report_broken_response(job.request, job.failure);
  } else {
    report_handler_error(job.request, job.failure);
  }
}

void Accounting::record_loop_answers(std::uint64_t from_ns, std::uint64_t until_ns) {
  const std::uint64_t duration_us = elapsed_us(from_ns, until_ns);
  statistics_.record_duration(loop_answers_.route, duration_us, loop_answers_.count);
  std::uint64_t answers = loop_answers_.count;
  for (const Run& run : earlier_runs_) {
    statistics_.record_duration(run.route, duration_us, run.count);
    answers += run.count;
  }
  record_.latency.record(duration_us, answers);
  // Also a sign of life, within a turn of many events.
  record_.pulse.beat_ns.store(until_ns, std::memory_order_relaxed);
  loop_answers_.count = 0;
  earlier_runs_.clear();
}

void Accounting::begin_run(ipc::RouteLabel route) {
  if (loop_answers_.count != 0) {
    earlier_runs_.push_back(loop_answers_);
  }
  loop_answers_ = {route, 0};
}

void Accounting::report_handler_error(const http::Request& request, std::string_view what) {
  report_failure(request, " answered with 500: ", what);
}

void Accounting::report_broken_response(const http::Request& request, std::string_view what) {
  report_failure(request, " cut off in its answer: ", what);
}

void Accounting::report_late(const http::Request& request) {
  report(request, " answered with 504: ", "it took too long");
}

void Accounting::report_failure(const http::Request& request, std::string_view happened,
                                std::string_view what) {
  record_.counters.add(ipc::Counter::handler_errors);
  report(request, happened, what);
}

void Accounting::report(const http::Request& request, std::string_view happened,
                        std::string_view what) {
  std::string line = "request " + std::to_string(request.id) + " ";
  line.append(request.method_text).append(" ").append(ipc::escaped(request.path));
  report_error_(line.append(happened).append(what).append(marks_of(request)));
}

}  // namespace prefork::exchange
