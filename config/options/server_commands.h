// What prefork-server does beside serving, by its first argument, as its help, its man page and the
// completions of shells show it. Constant data; the only table.
#pragma once

#include <array>
#include <string_view>

namespace prefork::config {

struct ServerCommand {
  std::string_view name;
  std::string_view arguments;
  std::string_view help;
};

inline constexpr std::array kServerCommands = {
    ServerCommand{"new", "NAME [--kind api|site|events]",
                  "Makes a folder with an application to begin with, of a kind with its test and "
                  "its settings. ./new serves what is called new."},
    ServerCommand{"doctor", "[PATH] [OPTION]...",
                  "Says what of this machine would hold up a server with these options, and a "
                  "remedy."},
    ServerCommand{"selftest", "[--seconds N] [--only DEED,...] [-- OPTION...]",
                  "Kills, hangs and reloads a server of its own under load, and says what it "
                  "lost."},
    ServerCommand{"replay", "FILE [PATH] [OPTION]...",
                  "Has a worker of its own answer a request that --keep-requests has left."},
};

}  // namespace prefork::config
