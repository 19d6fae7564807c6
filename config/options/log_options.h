// The options about logs whose text has a form of its own, for option_table.cpp. Stateless.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "config/options/option_field.h"

namespace prefork::config {

Result<void> set_log_level(Options& options, std::string_view text);
std::vector<std::string> log_level_texts(const Options& options);

// The words for "no file", `-` and `off`, let a stronger source take back what a weaker one has
// set.
Result<void> set_log_file(Options& options, std::string_view text);
std::vector<std::string> log_file_texts(const Options& options);

Result<void> set_access_log(Options& options, std::string_view text);
std::vector<std::string> access_log_texts(const Options& options);

Result<void> set_access_log_format(Options& options, std::string_view text);
std::vector<std::string> access_log_format_texts(const Options& options);

Result<void> set_keep_requests(Options& options, std::string_view text);
std::vector<std::string> keep_requests_texts(const Options& options);

inline constexpr CustomField kLogLevel = {set_log_level, log_level_texts, ""};
inline constexpr CustomField kLogFile = {set_log_file, log_file_texts, ""};
inline constexpr CustomField kAccessLog = {set_access_log, access_log_texts, ""};
inline constexpr CustomField kAccessLogFormat = {set_access_log_format, access_log_format_texts,
                                                 ""};
inline constexpr CustomField kKeepRequests = {set_keep_requests, keep_requests_texts, ""};

}  // namespace prefork::config
