// The options about addresses whose text has a form of its own, for option_table.cpp: where
// requests are taken, and where commands are taken. Stateless.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "config/options/option_field.h"

namespace prefork::config {

Result<void> set_host(Options& options, std::string_view text);
std::vector<std::string> host_texts(const Options& options);

Result<void> set_port(Options& options, std::string_view text);
std::vector<std::string> port_texts(const Options& options);

Result<void> set_uds(Options& options, std::string_view text);
std::vector<std::string> uds_texts(const Options& options);

Result<void> set_uds_mode(Options& options, std::string_view text);
std::vector<std::string> uds_mode_texts(const Options& options);

Result<void> set_fd(Options& options, std::string_view text);
std::vector<std::string> fd_texts(const Options& options);

Result<void> add_bind(Options& options, std::string_view text);
std::vector<std::string> bind_texts(const Options& options);

// `off`, or a path; empty: the default place.
Result<void> set_control(Options& options, std::string_view text);
std::vector<std::string> control_texts(const Options& options);

inline constexpr CustomField kHost = {set_host, host_texts, ""};
inline constexpr CustomField kPort = {set_port, port_texts, "0 to 65535"};
inline constexpr CustomField kUds = {set_uds, uds_texts, ""};
inline constexpr CustomField kUdsMode = {set_uds_mode, uds_mode_texts, ""};
inline constexpr CustomField kFd = {set_fd, fd_texts, ""};
inline constexpr CustomField kBind = {add_bind, bind_texts, "", true};
inline constexpr CustomField kControl = {set_control, control_texts, ""};

}  // namespace prefork::config
