// The manual pages, made from the tables of options and commands, in the language of man(7). Pure.
#pragma once

#include <string>
#include <string_view>

namespace prefork::config {

// What --print-man takes.
inline constexpr std::string_view kManPages = "prefork-server.8, preforkctl.1 or prefork.toml.5";

// Empty when there is no such page.
std::string man_page(std::string_view page);

}  // namespace prefork::config
