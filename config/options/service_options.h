// The options of a service whose text has a form of its own, for option_table.cpp. Stateless.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "config/options/option_field.h"

namespace prefork::config {

Result<void> set_user(Options& options, std::string_view text);
std::vector<std::string> user_texts(const Options& options);

Result<void> set_group(Options& options, std::string_view text);
std::vector<std::string> group_texts(const Options& options);

Result<void> set_umask(Options& options, std::string_view text);
std::vector<std::string> umask_texts(const Options& options);

Result<void> set_chdir(Options& options, std::string_view text);
std::vector<std::string> chdir_texts(const Options& options);

Result<void> set_pidfile(Options& options, std::string_view text);
std::vector<std::string> pidfile_texts(const Options& options);

Result<void> set_agent_check(Options& options, std::string_view text);
std::vector<std::string> agent_check_texts(const Options& options);

inline constexpr CustomField kUser = {set_user, user_texts, ""};
inline constexpr CustomField kGroup = {set_group, group_texts, ""};
inline constexpr CustomField kUmask = {set_umask, umask_texts, "0 to 777"};
inline constexpr CustomField kChdir = {set_chdir, chdir_texts, ""};
inline constexpr CustomField kPidfile = {set_pidfile, pidfile_texts, ""};
inline constexpr CustomField kAgentCheck = {set_agent_check, agent_check_texts, ""};

}  // namespace prefork::config
