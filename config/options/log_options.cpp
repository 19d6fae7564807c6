#include "config/options/log_options.h"

#include <algorithm>
#include <array>

#include "config/base/config_error.h"

namespace prefork::config {
namespace {

using Texts = std::vector<std::string>;

struct LogLevelName {
  LogLevel level;
  std::string_view name;
};

constexpr std::array kLogLevels = {
    LogLevelName{LogLevel::trace, "trace"}, LogLevelName{LogLevel::debug, "debug"},
    LogLevelName{LogLevel::info, "info"},   LogLevelName{LogLevel::warning, "warning"},
    LogLevelName{LogLevel::error, "error"}, LogLevelName{LogLevel::critical, "critical"},
    LogLevelName{LogLevel::off, "off"},
};
constexpr std::string_view kLogLevelRange = "trace, debug, info, warning, error, critical or off";

}  // namespace

Result<void> set_log_level(Options& options, std::string_view text) {
  const auto found = std::find_if(kLogLevels.begin(), kLogLevels.end(),
                                  [&](const LogLevelName& entry) { return entry.name == text; });
  if (found == kLogLevels.end()) {
    return Problem{in_quotes(text) + " is not a log level; use " + std::string(kLogLevelRange)};
  }
  options.logging.level = found->level;
  return {};
}

Texts log_level_texts(const Options& options) {
  for (const LogLevelName& entry : kLogLevels) {
    if (entry.level == options.logging.level) return {std::string(entry.name)};
  }
  return {};
}

Result<void> set_log_file(Options& options, std::string_view text) {
  options.logging.file = text == "-" ? "" : text;
  return {};
}

Texts log_file_texts(const Options& options) {
  return {options.logging.file.empty() ? "-" : options.logging.file};
}

Result<void> set_access_log(Options& options, std::string_view text) {
  options.logging.access_log = text == "off" ? "" : text;
  return {};
}

Texts access_log_texts(const Options& options) {
  return {options.logging.access_log.empty() ? "off" : options.logging.access_log};
}

Result<void> set_access_log_format(Options& options, std::string_view text) {
  return store(parse_log_format(text), options.logging.access_log_format);
}

Texts access_log_format_texts(const Options& options) {
  return {options.logging.access_log_format.name};
}

Result<void> set_keep_requests(Options& options, std::string_view text) {
  options.logging.keep_requests = text == "off" ? "" : text;
  return {};
}

Texts keep_requests_texts(const Options& options) {
  return {options.logging.keep_requests.empty() ? "off" : options.logging.keep_requests};
}

}  // namespace prefork::config
