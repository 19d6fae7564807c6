// What shells need to complete the command lines of prefork-server and preforkctl, made from the
// tables of options and commands. Pure.
#pragma once

#include <string>
#include <string_view>

namespace prefork::config {

// What --print-completion takes.
inline constexpr std::string_view kCompletionShells = "bash, zsh or fish";

// Of both programs; empty when the shell is not known.
std::string completion_script(std::string_view shell);

}  // namespace prefork::config
