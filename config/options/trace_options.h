// The options about tracing, whose texts have forms of their own, for option_table.cpp. Stateless.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "config/options/option_field.h"

namespace prefork::config {

Result<void> set_trace(Options& options, std::string_view text);
std::vector<std::string> trace_texts(const Options& options);

Result<void> set_trace_collector(Options& options, std::string_view text);
std::vector<std::string> trace_collector_texts(const Options& options);

Result<void> set_trace_sample(Options& options, std::string_view text);
std::vector<std::string> trace_sample_texts(const Options& options);

Result<void> set_trace_service(Options& options, std::string_view text);
std::vector<std::string> trace_service_texts(const Options& options);

inline constexpr CustomField kTrace = {set_trace, trace_texts, ""};
inline constexpr CustomField kTraceCollector = {set_trace_collector, trace_collector_texts, ""};
inline constexpr CustomField kTraceSample = {set_trace_sample, trace_sample_texts, "0 to 1"};
inline constexpr CustomField kTraceService = {set_trace_service, trace_service_texts, ""};

}  // namespace prefork::config
