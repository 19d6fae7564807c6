// The options about the admin listener whose text has a form of its own, for option_table.cpp.
// Stateless.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "config/options/option_field.h"

namespace prefork::config {

Result<void> set_admin(Options& options, std::string_view text);
std::vector<std::string> admin_texts(const Options& options);

Result<void> set_admin_mode(Options& options, std::string_view text);
std::vector<std::string> admin_mode_texts(const Options& options);

// The file's name; what is in it is read when all options are known. `off`: there is none.
Result<void> set_admin_token(Options& options, std::string_view text);
std::vector<std::string> admin_token_texts(const Options& options);

// `health`, `metrics`, both with a comma between them, or `off`.
Result<void> set_admin_public(Options& options, std::string_view text);
std::vector<std::string> admin_public_texts(const Options& options);

inline constexpr CustomField kAdmin = {set_admin, admin_texts, ""};
inline constexpr CustomField kAdminMode = {set_admin_mode, admin_mode_texts, ""};
inline constexpr CustomField kAdminToken = {set_admin_token, admin_token_texts, ""};
inline constexpr CustomField kAdminPublic = {set_admin_public, admin_public_texts, ""};

}  // namespace prefork::config
