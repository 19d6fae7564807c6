// A server of this program that a self-test has started: in a process group and a folder of its
// own, with the demo application, ordered over its control socket. Whatever happens to the test,
// the server does not outlive it. One thread.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

#include "config/base/result.h"
#include "ipc/commands.h"

namespace prefork::selftest {

using Json = nlohmann::json;

// In the statistics.
std::size_t ready_workers(const Json& report);
bool is_ready(const Json& worker);

class TestedServer {
 public:
  // `options`: beside the test's own. Throws std::system_error.
  TestedServer(int workers, std::vector<std::string> options);
  // Kills what still runs, and removes the folder.
  ~TestedServer();
  TestedServer(const TestedServer&) = delete;
  TestedServer& operator=(const TestedServer&) = delete;

  // Until as many workers as were asked for serve; the reason why not.
  config::Result<void> wait_until_ready();
  // That it was started with.
  [[nodiscard]] int workers() const { return workers_; }
  [[nodiscard]] std::uint16_t port() const { return port_; }
  [[nodiscard]] pid_t master() const { return pid_; }

  // Answered when it has happened; how long that took.
  config::Result<std::chrono::milliseconds> order(ipc::CommandKind kind, std::uint32_t argument);
  // The statistics.
  config::Result<Json> look();
  // Until the statistics are as wanted; how long that took, or that it did not happen in time.
  config::Result<std::chrono::milliseconds> wait_until(
      const std::function<bool(const Json&)>& wanted);
  // What the next reload reads.
  void write_configuration(bool is_broken);
  // What the next upgrade goes on as: this program, or what is none.
  void install(bool is_broken);

  // The pid of the process whose title has this in it; 0: there is none.
  [[nodiscard]] pid_t find(const std::string& title) const;
  // All of the group that run, and those that have ended and were not reaped.
  [[nodiscard]] std::vector<pid_t> processes() const;
  [[nodiscard]] std::vector<pid_t> zombies() const;
  [[nodiscard]] std::size_t descriptors_of_master() const;
  [[nodiscard]] std::uint64_t resident_bytes_of_master() const;

  // In order; its exit code, or -1 when it did not end so or not in time.
  int stop();
  // The last lines it has logged.
  [[nodiscard]] std::string log_end() const;

 private:
  static constexpr std::chrono::seconds kServerPatience{20};
  static constexpr std::chrono::milliseconds kBetweenLooks{5};

  void start(const std::vector<std::string>& options);
  config::Result<std::string> ask(ipc::CommandKind kind, std::uint32_t argument);
  [[nodiscard]] std::string in_folder(const char* name) const { return (folder_ / name).string(); }
  [[nodiscard]] bool has_ended() const;

  int workers_;
  std::filesystem::path folder_;
  pid_t pid_ = -1;
  std::uint16_t port_ = 0;
};

}  // namespace prefork::selftest
