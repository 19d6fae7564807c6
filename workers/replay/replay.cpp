#include "workers/replay/replay.h"

#include <cstdio>
#include <exception>
#include <fstream>
#include <optional>
#include <sstream>
#include <string>

#include "ipc/base/interruption.h"
#include "ipc/kept/kept_file.h"
#include "workers/replay/replay_server.h"

namespace prefork::replay {

namespace {

using config::ExitCode;

ExitCode refuse(ExitCode code, const std::string& why) {
  std::fprintf(stderr, "prefork-server: replay: %s\n", why.c_str());
  return code;
}

std::string first_line(const std::string& text) {
  return text.substr(0, text.find_first_of("\r\n"));
}

ExitCode tell(const std::string& answer, const std::string& worker_end) {
  if (!worker_end.empty()) {
    std::printf("died again: the worker ended by %s%s\n", worker_end.c_str(),
                answer.empty() ? "" : ", after it had begun to answer");
    return ExitCode::worker_died;
  }
  if (answer.empty()) {
    return refuse(ExitCode::system_error, "there was no answer, though the worker lives");
  }
  std::printf("answered: %s\n", first_line(answer).c_str());
  return ExitCode::stopped;
}

ExitCode run(const ReplayOrder& order, const ipc::KeptFile& kept) {
  std::printf("%s%s\n\n", kept.about.c_str(), first_line(kept.request).c_str());
  std::fflush(stdout);
  ipc::note_interruptions();
  ReplayServer server(order.arguments);
  const bool is_ready = server.wait_until_ready();
  const std::string answer = is_ready ? server.exchange(kept.request) : "";
  if (ipc::is_interrupted()) {
    return refuse(ExitCode::system_error, "interrupted; its server is ended");
  }
  if (!is_ready) {
    const int code = server.stop();
    return refuse(code > 0 ? static_cast<ExitCode>(code) : ExitCode::system_error,
                  "the server did not start");
  }
  server.stop();
  return tell(answer, server.worker_end());
}

}  // namespace

ExitCode run_replay(const ReplayOrder& order) {
  std::ifstream file(order.file, std::ios::binary);
  std::ostringstream text;
  text << file.rdbuf();
  if (!file) {
    return refuse(ExitCode::configuration,
                  "'" + order.file + "' cannot be read; name a file that --keep-requests has left");
  }
  const auto kept = ipc::parse_kept_file(text.str());
  if (!kept) {
    return refuse(ExitCode::configuration,
                  "'" + order.file + "' is no request that --keep-requests has left");
  }
  try {
    return run(order, *kept);
  } catch (const std::exception& error) {
    return refuse(ExitCode::system_error, error.what());
  }
}

}  // namespace prefork::replay
