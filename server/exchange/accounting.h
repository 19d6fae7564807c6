// What a server counts and tells about its exchanges: counters, histograms, the requests in flight,
// and lines for the log about what went wrong. One thread: the event loop.
#pragma once

#include <cstdint>
#include <functional>
#include <string_view>
#include <vector>

#include "ipc/segment.h"
#include "server/exchange/client_state.h"
#include "server/exchange/in_flight_ledger.h"
#include "server/exchange/job.h"
#include "server/exchange/request_statistics.h"
#include "server/http/request.h"

namespace prefork::exchange {

class Accounting {
 public:
  // `record` is written by this one alone and outlives it. `report_error` gets one line.
  // `labels`: see RequestStatistics.
  Accounting(ipc::WorkerRecord& record, RequestStatistics::Labels labels,
             std::function<void(std::string_view line)> report_error);

  void count(ipc::Counter counter) { record_.counters.add(counter); }
  void count_response(int status);
  // A request begins: its number.
  std::uint64_t count_request() {
    record_.counters.add(ipc::Counter::requests);
    return ++requests_;
  }
  [[nodiscard]] std::uint64_t requests() const { return requests_; }

  // The request that the event loop works on.
  [[nodiscard]] ipc::InFlightBox& loop_request() { return record_.loop_request; }

  // Those that are not finished, and wait for somebody.
  [[nodiscard]] InFlightLedger& in_flight() { return in_flight_; }

  [[nodiscard]] RequestStatistics& statistics() { return statistics_; }

  // It is counted, and the last words of the worker name it. `request`: null where it could not be
  // understood.
  void note_finished(const http::Request* request, int status, std::uint64_t content_bytes,
                     std::uint64_t from_ns, std::uint64_t until_ns) {
    statistics_.count(request, status, content_bytes);
    record_.trace.finished.add({until_ns, until_ns - from_ns, request == nullptr ? 0 : request->id,
                                status, request == nullptr ? std::string_view() : request->path});
  }

  // Exchanges that somebody else is working on: requests in progress, and, once an answer without a
  // length has begun, streams.
  void count_as(ClientBox& client, CountedAs counted);
  [[nodiscard]] std::uint32_t in_progress() const { return in_progress_; }
  [[nodiscard]] std::uint32_t streams() const { return streams_; }
  // The first byte of an answer that is written piece by piece.
  void record_start(const Job& job, std::uint64_t now_ns);
  // A job is back: times, failures.
  void finish_job(const Job& job, std::uint64_t now_ns);

  // An answer was made on the loop, in the present step.
  void count_loop_answer(ipc::RouteLabel route) {
    if (route != loop_answers_.route) {
      begin_run(route);
    }
    ++loop_answers_.count;
  }
  [[nodiscard]] bool has_loop_answers() const { return loop_answers_.count != 0; }
  // Requests that came in one read were answered by one write: they took equally long.
  void record_loop_answers(std::uint64_t from_ns, std::uint64_t until_ns);

  // The handler threw, or gave no valid answer: 500.
  void report_handler_error(const http::Request& request, std::string_view what);
  // Nobody answered in time: 504.
  void report_late(const http::Request& request);
  // The content of an answer broke off.
  void report_broken_response(const http::Request& request, std::string_view what);

 private:
  // Answers of one route that came one after the other.
  struct Run {
    ipc::RouteLabel route = ipc::kUnmatchedRoute;
    std::uint32_t count = 0;
  };

  void begin_run(ipc::RouteLabel route);
  void report_failure(const http::Request& request, std::string_view happened,
                      std::string_view what);
  void report(const http::Request& request, std::string_view happened, std::string_view what);

  ipc::WorkerRecord& record_;
  const std::function<void(std::string_view line)> report_error_;
  InFlightLedger in_flight_;
  RequestStatistics statistics_;
  std::uint64_t requests_ = 0;
  Run loop_answers_;               // of the present step: the last ones,
  std::vector<Run> earlier_runs_;  // and what came before them
  std::uint32_t in_progress_ = 0;
  std::uint32_t streams_ = 0;
};

}  // namespace prefork::exchange
