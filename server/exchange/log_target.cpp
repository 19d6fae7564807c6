#include "server/exchange/log_target.h"

#include <unistd.h>

#include "config/values/log_target.h"

namespace prefork::exchange {

std::optional<int> standard_stream_of(const std::string& path) {
  return path == "-" ? STDOUT_FILENO : config::standard_descriptor_of(path);
}

int open_log_target(ipc::LineSink& sink, const std::string& path) {
  const std::optional<int> standard = standard_stream_of(path);
  return standard ? sink.open_standard(*standard) : sink.open_file(path);
}

}  // namespace prefork::exchange
