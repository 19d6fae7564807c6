// Opens what --access-log names. Any process, any thread.
#pragma once

#include <optional>
#include <string>

#include "ipc/log/line_sink.h"

namespace prefork::exchange {

// Of a name that means a standard stream: its descriptor.
std::optional<int> standard_stream_of(const std::string& path);

// `path`: "-": standard output; else a file that is created when missing. Returns errno, 0 when it
// worked; otherwise the sink stays as it was.
int open_log_target(ipc::LineSink& sink, const std::string& path);

}  // namespace prefork::exchange
