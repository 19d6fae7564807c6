#include "config/options/trace_options.h"

#include <algorithm>

#include "config/base/config_error.h"

namespace prefork::config {
namespace {

constexpr std::size_t kMaxServiceBytes = 200;

}  // namespace

Result<void> set_trace(Options& options, std::string_view text) {
  return store(parse_trace_mode(text), options.tracing.mode);
}

std::vector<std::string> trace_texts(const Options& options) {
  return {std::string(to_string(options.tracing.mode))};
}

Result<void> set_trace_collector(Options& options, std::string_view text) {
  return store(parse_collector_url(text), options.tracing.collector);
}

std::vector<std::string> trace_collector_texts(const Options& options) {
  return {options.tracing.collector.text()};
}

Result<void> set_trace_sample(Options& options, std::string_view text) {
  return store(parse_ratio(text), options.tracing.sample);
}

std::vector<std::string> trace_sample_texts(const Options& options) {
  return {ratio_text(options.tracing.sample)};
}

Result<void> set_trace_service(Options& options, std::string_view text) {
  if (text.size() > kMaxServiceBytes || std::any_of(text.begin(), text.end(), [](char c) {
        return static_cast<unsigned char>(c) < 0x20;
      })) {
    return Problem{in_quotes(text) + " is no name of a service; use at most " +
                   std::to_string(kMaxServiceBytes) + " bytes without control characters"};
  }
  options.tracing.service = text;
  return {};
}

std::vector<std::string> trace_service_texts(const Options& options) {
  return {options.tracing.service};
}

}  // namespace prefork::config
