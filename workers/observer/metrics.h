// The answer to GET /metrics, made from a snapshot: what Prometheus scrapes. Names and units are
// Prometheus' and OpenTelemetry's; the README lists them. Every label's value comes from the
// configuration, the application or a fixed list, none from what a client sends: the number of
// series is known once the application is loaded. Pure; any thread.
#pragma once

#include <string>
#include <string_view>

#include "server/http/request.h"
#include "workers/observer/metric_text.h"
#include "workers/observer/stats_snapshot.h"

namespace prefork::observer {

// Who names OpenMetrics in Accept gets it, everybody else Prometheus' text format.
MetricFormat metric_format_for(http::FieldView fields);

std::string to_metrics(const StatsSnapshot& snapshot, MetricFormat format);

}  // namespace prefork::observer
