// Spans as a collector takes them: OTLP/HTTP with JSON, attributes by OpenTelemetry's semantic
// conventions for HTTP servers. A pure function.
#pragma once

#include <span>
#include <string>

#include "ipc/spans/span_record.h"

namespace prefork::observer {

// An ExportTraceServiceRequest. What clients sent as bytes that are no UTF-8 is replaced.
std::string to_otlp_json(std::span<const ipc::SpanRecord> spans, const std::string& service);

}  // namespace prefork::observer
