// The options about proxies and about headers of responses whose text has a form of its own, for
// option_table.cpp. Stateless.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "config/options/option_field.h"

namespace prefork::config {

Result<void> add_forwarded_allow_ips(Options& options, std::string_view text);
std::vector<std::string> forwarded_allow_ips_texts(const Options& options);
void clear_forwarded_allow_ips(Options& options);

Result<void> add_proxy_allow_from(Options& options, std::string_view text);
std::vector<std::string> proxy_allow_from_texts(const Options& options);
void clear_proxy_allow_from(Options& options);

Result<void> set_root_path(Options& options, std::string_view text);
std::vector<std::string> root_path_texts(const Options& options);

Result<void> add_header(Options& options, std::string_view text);
std::vector<std::string> header_texts(const Options& options);

inline constexpr CustomField kForwardedAllowIps = {
    add_forwarded_allow_ips, forwarded_allow_ips_texts, "", true, ',', clear_forwarded_allow_ips};
inline constexpr CustomField kProxyAllowFrom = {
    add_proxy_allow_from, proxy_allow_from_texts, "", true, ',', clear_proxy_allow_from};
inline constexpr CustomField kRootPath = {set_root_path, root_path_texts, ""};
inline constexpr CustomField kHeader = {add_header, header_texts, "", true, '\n'};

}  // namespace prefork::config
