// What `ps` shows of this process. The title goes where the kernel looks for it, into the memory of
// the program's arguments; if that is too short, the first variables of the environment behind them
// are moved away.
#pragma once

#include <string_view>

namespace prefork::child {

// Once, at the start of main, before anything keeps a pointer into argv or environ.
void prepare_process_title(int argc, char** argv);

// Shown as "prefork-server: <title>"; cut to the room there is. One thread.
void set_process_title(std::string_view title);

}  // namespace prefork::child
