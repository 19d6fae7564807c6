// The options about processes whose text has a form of its own, for option_table.cpp. Stateless.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "config/options/option_field.h"

namespace prefork::config {

Result<void> set_workers(Options& options, std::string_view text);
std::vector<std::string> workers_texts(const Options& options);

Result<void> set_max_requests_jitter(Options& options, std::string_view text);
std::vector<std::string> max_requests_jitter_texts(const Options& options);

Result<void> set_start_method(Options& options, std::string_view text);
std::vector<std::string> start_method_texts(const Options& options);

Result<void> set_head_parser(Options& options, std::string_view text);
std::vector<std::string> head_parser_texts(const Options& options);

inline constexpr CustomField kWorkers = {set_workers, workers_texts, "1 to 256"};
inline constexpr CustomField kMaxRequestsJitter = {set_max_requests_jitter,
                                                   max_requests_jitter_texts, "0 to 1000000000"};
inline constexpr CustomField kStartMethod = {set_start_method, start_method_texts, ""};
inline constexpr CustomField kHeadParser = {set_head_parser, head_parser_texts, ""};

}  // namespace prefork::config
