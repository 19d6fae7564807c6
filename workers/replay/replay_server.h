// A server of this program with one worker, on a socket in a folder of its own, for one request.
// What it logs goes to standard error as it comes. Whatever happens to the replay, the server does
// not outlive it. One thread.
#pragma once

#include <sys/types.h>

#include <filesystem>
#include <string>
#include <vector>

#include "config/base/result.h"
#include "ipc/base/owned_fd.h"

namespace prefork::replay {

class ReplayServer {
 public:
  // Throws std::system_error.
  explicit ReplayServer(const std::vector<std::string>& arguments);
  ~ReplayServer();
  ReplayServer(const ReplayServer&) = delete;
  ReplayServer& operator=(const ReplayServer&) = delete;

  // True: it serves. False: it has ended, and has said why.
  bool wait_until_ready();
  // Sends it, and returns all that comes back; empty: nothing did. Waits as long as that takes: a
  // debugger may hold the worker.
  std::string exchange(const std::string& request);
  // Ends it, with all that it has to say yet. Its exit code.
  int stop();
  // How the worker has ended, in the words of the log; empty: it has not.
  [[nodiscard]] const std::string& worker_end() const { return worker_end_; }

 private:
  void start(std::vector<std::string> arguments);
  // What it has logged; false: nothing comes any more.
  bool pass_log();
  void look_for_end(const std::string& line);

  std::filesystem::path folder_;
  ipc::OwnedFd log_;
  ipc::OwnedFd notification_;
  std::string unfinished_line_;
  std::string worker_end_;
  pid_t pid_ = -1;
};

}  // namespace prefork::replay
