// The metrics that are a worker's counters (ipc/counters.h), under the names that Prometheus has
// for them. Pure; any thread.
#pragma once

#include <array>
#include <string_view>

#include "ipc/counters.h"
#include "workers/observer/metric_text.h"
#include "workers/observer/stats_snapshot.h"

namespace prefork::observer {

// One counter as a series of a family.
struct CounterMetric {
  ipc::Counter counter;
  std::string_view family;  // those of one family stand together
  std::string_view label;   // empty: it has none
  std::string_view value;
  std::string_view help;  // of the family: at its first
};

inline constexpr std::array<CounterMetric, ipc::kCounterCount> kCounterMetrics = {{
    {ipc::Counter::requests, "prefork_http_requests_started", "", "",
     "Request heads that were understood and dispatched"},
    {ipc::Counter::responses_1xx, "prefork_http_responses", "class", "1xx",
     "Responses that began, by the class of their status"},
    {ipc::Counter::responses_2xx, "prefork_http_responses", "class", "2xx", ""},
    {ipc::Counter::responses_3xx, "prefork_http_responses", "class", "3xx", ""},
    {ipc::Counter::responses_4xx, "prefork_http_responses", "class", "4xx", ""},
    {ipc::Counter::responses_5xx, "prefork_http_responses", "class", "5xx", ""},
    {ipc::Counter::bytes_in, "prefork_received_bytes", "", "", "Bytes read from clients"},
    {ipc::Counter::bytes_out, "prefork_sent_bytes", "", "", "Bytes written to clients"},
    {ipc::Counter::connections_accepted, "prefork_connections_accepted", "", "",
     "Connections taken from the listening sockets"},
    {ipc::Counter::connections_closed, "prefork_connections_closed", "", "",
     "Connections that are over"},
    {ipc::Counter::connections_handed_on, "prefork_connections_passed", "direction", "out",
     "Connections passed between workers"},
    {ipc::Counter::connections_received, "prefork_connections_passed", "direction", "in", ""},
    {ipc::Counter::connections_refused, "prefork_connections_refused", "", "",
     "Connections over the limit: answered 503 and closed"},
    {ipc::Counter::accept_errors, "prefork_accept_errors", "", "",
     "accept() failed for want of descriptors or memory"},
    {ipc::Counter::peer_resets, "prefork_peer_resets", "", "",
     "Clients that went away inside a request or an answer"},
    {ipc::Counter::bad_requests, "prefork_http_request_errors", "kind", "bad_request",
     "Requests that the server refused itself"},
    {ipc::Counter::limit_errors, "prefork_http_request_errors", "kind", "limit", ""},
    {ipc::Counter::unsupported_requests, "prefork_http_request_errors", "kind", "unsupported", ""},
    {ipc::Counter::overload_rejected, "prefork_http_requests_rejected", "reason", "limit",
     "Requests answered 503: a queue or limit was full, or they had waited for too long (shed)"},
    {ipc::Counter::requests_shed, "prefork_http_requests_rejected", "reason", "shed", ""},
    {ipc::Counter::requests_abandoned, "prefork_http_requests_abandoned", "", "",
     "Requests whose clients left while they waited for a thread"},
    {ipc::Counter::handler_errors, "prefork_handler_errors", "", "",
     "Requests answered 500: a handler threw or gave no valid answer"},
    {ipc::Counter::timeouts_header, "prefork_timeouts", "kind", "header",
     "Connections and requests that took too long"},
    {ipc::Counter::timeouts_body, "prefork_timeouts", "kind", "body", ""},
    {ipc::Counter::timeouts_write, "prefork_timeouts", "kind", "write", ""},
    {ipc::Counter::timeouts_keep_alive, "prefork_timeouts", "kind", "keep_alive", ""},
    {ipc::Counter::timeouts_request, "prefork_timeouts", "kind", "request", ""},
    {ipc::Counter::access_lines_lost, "prefork_log_dropped", "log", "access",
     "Lines of logs that found no room"},
    {ipc::Counter::log_lines_lost, "prefork_log_dropped", "log", "server", ""},
    {ipc::Counter::spans_lost, "prefork_spans_dropped", "", "",
     "Spans of traces that found no room"},
}};

void add_counters(MetricText& text, const Numbers& totals);

}  // namespace prefork::observer
